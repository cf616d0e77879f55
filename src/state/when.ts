// Moments as the browser's own date fields write them: local time without a zone, to the minute.

const PATTERN = /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:T(?<hour>\d\d):(?<minute>\d\d))?$/u

export function writeMoment(unixMs: number): string {
  const date = new Date(unixMs)
  const two = (n: number): string => String(n).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`
}

/** Null for what is no moment, "" included. */
export function readMoment(text: string): number | null {
  const parts = PATTERN.exec(text)?.groups
  if (parts === undefined) return null
  const number = (name: string): number => Number(parts[name] ?? 0)
  const date = new Date(number('year'), number('month') - 1, number('day'), number('hour'), number('minute'))
  // The 31st of February would come out as a day in March.
  return date.getMonth() === number('month') - 1 ? date.getTime() : null
}
