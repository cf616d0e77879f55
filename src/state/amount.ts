// Decimal amounts as people type them, to exact integers: credits to micro-credits, GFLOP to FLOP. Never through a float,
// so nothing is rounded. Full-width digits are accepted, since Japanese keyboards produce them; a comma only between
// groups of three.

export type AmountFault = 'empty' | 'not-a-number' | 'too-fine' | 'zero' | 'too-large'

export type Amount =
  | { readonly status: 'ok'; readonly value: bigint }
  | { readonly status: 'fault'; readonly fault: AmountFault }

/** What a decimal string in an entry may have at most. */
const MAX_DIGITS = 30
const MAX_CHARS = 64

/** `decimals`: how many are allowed; the value is in units of the last one. */
export function parseAmount(text: string, decimals: number): Amount {
  const fault = (kind: AmountFault): Amount => ({ status: 'fault', fault: kind })
  if (text.length > MAX_CHARS) return fault('too-large')
  const plain = text.normalize('NFKC').trim()
  if (plain === '') return fault('empty')
  const match = /^(?<whole>\d+|\d{1,3}(?:,\d{3})+)?(?:\.(?<fraction>\d+))?$/u.exec(plain)
  const { whole = '', fraction = '' } = match?.groups ?? {}
  if (match === null || (whole === '' && fraction === '')) return fault('not-a-number')
  const digits = fraction.replace(/0+$/u, '')
  if (digits.length > decimals) return fault('too-fine')
  const value = BigInt(`${whole.replaceAll(',', '')}${digits.padEnd(decimals, '0')}`)
  if (value === 0n) return fault('zero')
  return String(value).length > MAX_DIGITS ? fault('too-large') : { status: 'ok', value }
}

/** For a field that shows what is there already: no grouping, no needless zeros; "" for nothing. */
export function writeAmount(value: bigint, decimals: number): string {
  if (value === 0n) return ''
  const digits = String(value).padStart(decimals + 1, '0')
  const fraction = digits.slice(-decimals).replace(/0+$/u, '')
  return `${digits.slice(0, -decimals)}${fraction === '' ? '' : `.${fraction}`}`
}

export const CREDIT_DECIMALS = 6
export const GFLOP_DECIMALS = 9
