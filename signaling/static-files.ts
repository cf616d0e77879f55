// Answers GET and HEAD from folders of built files: media types, caching (names with a content hash for ever, all else
// revalidated by ETag), gzip kept in a bounded cache. A path never leaves its folder, by dots, encoding or symbolic
// link, and hidden files are not there. No ranges, no directory listings, no uploads.
import { createReadStream } from 'node:fs'
import { readFile, realpath, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

export type StaticHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
) => Promise<void>

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.gz': 'application/gzip',
}

const COMPRESSIBLE = new Set([
  '.html',
  '.js',
  '.mjs',
  '.css',
  '.json',
  '.webmanifest',
  '.svg',
  '.wasm',
  '.csv',
  '.txt',
])
const MIN_GZIP_BYTES = 1024
const MAX_GZIP_BYTES = 8 * 1024 * 1024
const MAX_CACHE_BYTES = 48 * 1024 * 1024

const compress = promisify(gzip)

interface Found {
  readonly file: string
  readonly sizeBytes: number
  readonly etag: string
}

/** Looks in `roots` in order. */
export function createStaticHandler(roots: readonly string[]): StaticHandler {
  const zipped = createGzipCache(MAX_CACHE_BYTES)
  return async (request, response, headers) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return plain(response, 405, { ...headers, Allow: 'GET, HEAD' }, 'method not allowed\n')
    }
    const segments = pathSegments(request.url ?? '/')
    const found = segments && (await find(roots, segments))
    if (!found) return plain(response, segments ? 404 : 400, headers, segments ? 'not found\n' : 'bad path\n')

    const extension = path.extname(found.file)
    const all: Record<string, string | number> = {
      ...headers,
      'Content-Type': MEDIA_TYPES[extension] ?? 'application/octet-stream',
      'Cache-Control': isHashed(segments) ? 'public, max-age=31536000, immutable' : 'no-cache',
      ETag: found.etag,
      Vary: 'Accept-Encoding',
    }
    if (request.headers['if-none-match']?.includes(found.etag) === true) {
      response.writeHead(304, all)
      response.end()
      return
    }
    const squeezes =
      COMPRESSIBLE.has(extension) && found.sizeBytes >= MIN_GZIP_BYTES && found.sizeBytes <= MAX_GZIP_BYTES
    if (squeezes && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
      const body = await zipped(found)
      response.writeHead(200, { ...all, 'Content-Encoding': 'gzip', 'Content-Length': body.length })
      response.end(request.method === 'HEAD' ? undefined : body)
      return
    }
    response.writeHead(200, { ...all, 'Content-Length': found.sizeBytes })
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    await pipeline(createReadStream(found.file), response)
  }
}

/** Undefined for a path that no browser would send by itself. */
function pathSegments(url: string): readonly string[] | undefined {
  const raw = url.split(/[?#]/, 1)[0] ?? ''
  if (!raw.startsWith('/') || raw.length > 1024) return undefined
  let decoded: string
  try {
    decoded = decodeURIComponent(raw)
  } catch {
    // A broken escape; the caller answers 400.
    return undefined
  }
  if (/[\0\\]/.test(decoded)) return undefined
  const segments = decoded.split('/').filter(Boolean)
  return segments.some(segment => segment.startsWith('.'))
    ? []
    : segments.length > 0
      ? segments
      : ['index.html']
}

async function find(roots: readonly string[], segments: readonly string[]): Promise<Found | undefined> {
  if (segments.length === 0) return undefined
  for (const root of roots) {
    try {
      const base = await realpath(root)
      const file = await realpath(path.join(base, ...segments))
      const info = await stat(file)
      if (!info.isFile() || !file.startsWith(base + path.sep)) continue
      return {
        file,
        sizeBytes: info.size,
        etag: `"${info.size.toString(36)}-${Math.floor(info.mtimeMs).toString(36)}"`,
      }
    } catch {
      // Not in this folder; the next one may have it.
    }
  }
  return undefined
}

/** Vite puts a content hash into every name under assets/. */
function isHashed(segments: readonly string[]): boolean {
  return segments[0] === 'assets' && /-[\w-]{8}\.\w+$/.test(segments.at(-1) ?? '')
}

function createGzipCache(maxBytes: number): (found: Found) => Promise<Buffer> {
  const kept = new Map<string, Promise<Buffer>>()
  let keptBytes = 0
  return async found => {
    const key = `${found.file} ${found.etag}`
    const ready = kept.get(key)
    if (ready) return ready
    const work = readFile(found.file).then(content => compress(content, { level: 9 }))
    kept.set(key, work)
    try {
      const body = await work
      keptBytes += body.length
      if (keptBytes > maxBytes) {
        kept.clear()
        keptBytes = 0
      }
      return body
    } catch (error) {
      kept.delete(key)
      throw error
    }
  }
}

function plain(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  response.writeHead(status, {
    ...headers,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  })
  response.end(body)
}
