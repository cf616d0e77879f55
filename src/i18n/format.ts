// Numbers, bytes and times through Intl, one formatter set per language. Pure but for Intl's own data.

export type Language = 'en' | 'ja'

export interface Format {
  readonly int: (n: number | bigint) => string
  readonly decimal: (n: number, digits: number) => string
  /** A fraction in [0, 1] as a percentage. */
  readonly percent: (fraction: number, digits?: number) => string
  /** SI units: 12.9 kB, 3.4 MB. */
  readonly bytes: (bytes: number) => string
  readonly seconds: (seconds: number) => string
  /** Rounded as one would say it: "3 min", "1.5 hr". */
  readonly roughly: (seconds: number) => string
  readonly error: (value: number) => string
  /** Floating-point operations in steps of a thousand: 608 kFLOP, 12.3 GFLOP. */
  readonly flop: (flop: number | bigint) => string
  /** The same for each second. */
  readonly flops: (flops: number | bigint) => string
  /** Micro-credits as credits, exact to the last decimal. */
  readonly credits: (micro: bigint) => string
  readonly dateTime: (unixMs: number) => string
  readonly date: (unixMs: number) => string
}

const FLOP_UNITS = ['', 'k', 'M', 'G', 'T', 'P', 'E'] as const
const MICRO = 1_000_000n

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

export function createFormat(language: Language): Format {
  const int = new Intl.NumberFormat(language, { maximumFractionDigits: 0 })
  const trimmed = new Intl.NumberFormat(language, { maximumFractionDigits: 2 })
  const moment = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium' })
  const decimals = new Map<number, Intl.NumberFormat>()
  const decimal = (n: number, digits: number): string => {
    let format = decimals.get(digits)
    if (format === undefined) {
      format = new Intl.NumberFormat(language, {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      })
      decimals.set(digits, format)
    }
    return format.format(n)
  }
  const percents = [0, 1, 2].map(
    digits =>
      new Intl.NumberFormat(language, {
        style: 'percent',
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      }),
  )
  // Formatters are costly to make, and the room asks for many several times a second.
  const units = new Map<string, Intl.NumberFormat>()
  const unit = (value: number, name: string, digits: number): string => {
    const key = `${name}/${digits}`
    let format = units.get(key)
    if (format === undefined) {
      format = new Intl.NumberFormat(language, {
        style: 'unit',
        unit: name,
        unitDisplay: 'short',
        maximumFractionDigits: digits,
      })
      units.set(key, format)
    }
    return format.format(value)
  }
  const bytes = (value: number): string => {
    let scaled = Math.max(0, value)
    let index = 0
    while (scaled >= 999.5 && index < BYTE_UNITS.length - 1) {
      scaled /= 1000
      index += 1
    }
    // Intl's short byte is "1 byte", which reads like a word with a missing plural.
    return index === 0 ? `${int.format(scaled)} B` : unit(scaled, BYTE_UNITS[index]!, scaled >= 99.5 ? 0 : 1)
  }
  const seconds = (value: number): string => {
    if (value < 60) return unit(value, 'second', value < 10 ? 1 : 0)
    if (value < 3600) return unit(value / 60, 'minute', value < 600 ? 1 : 0)
    return unit(value / 3600, 'hour', 1)
  }
  const roughly = (value: number): string => {
    if (value < 45) return unit(Math.max(5, Math.round(value / 5) * 5), 'second', 0)
    if (value < 90 * 60) return unit(Math.max(1, Math.round(value / 60)), 'minute', 0)
    return unit(Math.round(value / 1800) / 2, 'hour', 1)
  }
  const flop = (value: number | bigint): string => {
    let scaled = Number(value)
    let index = 0
    while (scaled >= 999.5 && index < FLOP_UNITS.length - 1) {
      scaled /= 1000
      index += 1
    }
    const digits = index === 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2
    return `${trimmed.format(Number(scaled.toFixed(digits)))} ${FLOP_UNITS[index]!}FLOP`
  }
  // Both languages write a point before decimals; the fraction is kept as text so that no micro-credit is rounded away.
  const credits = (micro: bigint): string => {
    const amount = micro < 0n ? -micro : micro
    const fraction = String(amount % MICRO)
      .padStart(6, '0')
      .replace(/0+$/u, '')
    return `${micro < 0n ? '-' : ''}${int.format(amount / MICRO)}${fraction === '' ? '' : `.${fraction}`}`
  }
  return {
    int: n => int.format(n),
    decimal,
    percent: (fraction, digits = 1) => percents[Math.min(2, digits)]!.format(fraction),
    bytes,
    seconds,
    roughly,
    flop,
    flops: value => `${flop(value)}/s`,
    credits,
    dateTime: unixMs => moment.format(unixMs),
    date: unixMs => day.format(unixMs),
    error: value => (value === 0 ? '0' : value.toExponential(0)),
  }
}
