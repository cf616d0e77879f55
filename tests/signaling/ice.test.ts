import { createHmac } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { readSignalingOptions } from '../../signaling/config.ts'
import {
  iceServersAt,
  IceConfigError,
  parseIceConfig,
  readIceConfig,
  turnCredential,
} from '../../signaling/ice.ts'
import { decodeIceServer } from '../../src/protocol/signaling.ts'

function kindOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof IceConfigError) return error.kind
    throw error
  }
  return 'none'
}

describe('ICE configuration', () => {
  it('is empty by default', () => {
    expect(readIceConfig({})).toEqual([])
    expect(readSignalingOptions({})).toEqual({ ice: [], allowedOrigins: [], trustProxy: false })
  })

  it('makes TURN credentials that end, as the REST convention wants them', () => {
    const config = readIceConfig({
      YORIAI_STUN: 'stun:a.example:3478, stun:b.example',
      YORIAI_TURN: 'turn:t.example:3478?transport=udp',
      YORIAI_TURN_SECRET: 'north',
      YORIAI_TURN_TTL: '600',
    })
    const servers = iceServersAt(config, 1_700_000_000.9)
    expect(servers).toEqual([
      { urls: 'stun:a.example:3478' },
      { urls: 'stun:b.example' },
      {
        urls: 'turn:t.example:3478?transport=udp',
        username: '1700000600',
        credential: createHmac('sha1', 'north').update('1700000600').digest('base64'),
      },
    ])
    expect(JSON.stringify(servers)).not.toContain('north')
    for (const server of servers) expect(decodeIceServer(server)).toEqual(server)
  })

  it('puts a name behind the expiry, as coturn does', () => {
    expect(turnCredential('key', 1234, 'room').username).toBe('1234:room')
  })

  it('reads JSON, from the environment or a file', async () => {
    const entries = [{ urls: 'turn:t.example', username: 'u', credential: 'p' }]
    expect(iceServersAt(readIceConfig({ YORIAI_ICE: JSON.stringify(entries) }), 0)).toEqual(entries)
    const folder = await mkdtemp(path.join(tmpdir(), 'ice-'))
    const file = path.join(folder, 'ice.json')
    await writeFile(file, JSON.stringify(entries))
    expect(iceServersAt(readIceConfig({ YORIAI_ICE_FILE: file }), 0)).toEqual(entries)
    await rm(folder, { recursive: true })
    expect(kindOf(() => readIceConfig({ YORIAI_ICE_FILE: file }))).toBe('unreadable')
  })

  it.each([
    ['not-json', () => readIceConfig({ YORIAI_ICE: '[' })],
    ['bad-entry', () => parseIceConfig({ urls: 'stun:a.example' })],
    ['bad-entry', () => parseIceConfig([null])],
    ['bad-entry', () => parseIceConfig([{ urls: 'https://a.example' }])],
    ['bad-entry', () => parseIceConfig([{ urls: 'turn:a.example' }])],
    ['bad-entry', () => parseIceConfig([{ urls: 'turn:a.example', username: 'u' }])],
    ['bad-entry', () => parseIceConfig([{ urls: 'turn:a.example', secret: 's', ttlSeconds: 5 }])],
    ['bad-entry', () => parseIceConfig([{ urls: 'turn:a.example', secret: '' }])],
    [
      'bad-entry',
      () => readIceConfig({ YORIAI_TURN: 'turn:a.example', YORIAI_TURN_SECRET: 's', YORIAI_TURN_TTL: 'x' }),
    ],
    ['too-many', () => parseIceConfig(Array.from({ length: 9 }, () => ({ urls: 'stun:a.example' })))],
  ])('refuses what it cannot use: %s', (kind, work) => {
    expect(kindOf(work)).toBe(kind)
  })

  it('reads the other options of the server', () => {
    expect(
      readSignalingOptions({
        YORIAI_ORIGINS: 'https://a.example, *',
        YORIAI_TRUST_PROXY: '1',
        YORIAI_MAX_MEMBERS: '50',
      }),
    ).toEqual({
      ice: [],
      allowedOrigins: ['https://a.example', '*'],
      trustProxy: true,
      limits: { maxMembersPerRoom: 50 },
    })
  })
})
