import { describe, expect, it } from 'vitest'
import { LineReader, MAX_LINE_BYTES } from '../../../src/core/room/export-file.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (line: { bytes: Uint8Array }): string => new TextDecoder().decode(line.bytes)

describe('LineReader', () => {
  it('gives the same lines however the file is cut into pieces', () => {
    const file = bytes('one\ntwo 二\n\nthree\nrest')
    for (let size = 1; size <= file.length; size++) {
      const reader = new LineReader()
      const lines = []
      for (let at = 0; at < file.length; at += size) lines.push(...reader.push(file.subarray(at, at + size)))
      expect(lines.map(text)).toEqual(['one', 'two 二', '', 'three'])
      expect(lines.map(({ number }) => number)).toEqual([1, 2, 3, 4])
      const rest = reader.rest()
      expect(rest && text(rest)).toBe('rest')
      expect(rest?.number).toBe(5)
    }
  })

  it('has no rest after a last newline', () => {
    const reader = new LineReader()
    expect(reader.push(bytes('a\n'))).toHaveLength(1)
    expect(reader.rest()).toBeNull()
  })

  it('stops at a line that is too long, also when it never ends', () => {
    const reader = new LineReader()
    expect(reader.push(bytes('short\n'))).toHaveLength(1)
    const piece = new Uint8Array(1024 * 1024).fill(65)
    for (let sent = 0; sent < MAX_LINE_BYTES; sent += piece.length) expect(reader.push(piece)).toEqual([])
    expect(reader.overflow).toBeNull()
    expect(reader.push(bytes('A'))).toEqual([])
    expect(reader.overflow).toBe(2)
    expect(reader.push(bytes('\nmore\n'))).toEqual([])
    expect(reader.rest()).toBeNull()
  })

  it('keeps what it gave when the piece is written over', () => {
    const reader = new LineReader()
    const piece = bytes('abc\nde')
    const [line] = reader.push(piece)
    piece.fill(0)
    expect(text(line!)).toBe('abc')
    expect(reader.push(bytes('f\n')).map(text)).toEqual(['def'])
  })
})
