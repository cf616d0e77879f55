// Keeps the other tabs of this device in step without a network: entries that reach the room's document are posted on a
// BroadcastChannel, and a tab that opens asks for what the others hold. What comes in is verified by the ledger like any
// entry from outside: tabs share a device, not trust.
import type { RoomDoc } from '../peer/room-doc.ts'

const POST_EVERY_MS = 500
const MAX_BATCH = 512

/** Returns the end of it. */
export function mirrorDoc(
  room: RoomDoc,
  channelName: string,
  onEntries: (entries: Uint8Array[]) => void,
): () => void {
  const channel = new BroadcastChannel(channelName)
  let waiting: Uint8Array[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = (): void => {
    timer = undefined
    channel.postMessage(waiting.splice(0, MAX_BATCH))
    if (waiting.length > 0) schedule()
  }
  const schedule = (): void => {
    timer ??= setTimeout(flush, POST_EVERY_MS)
  }
  const offer = (entries: readonly Uint8Array[]): void => {
    waiting.push(...entries)
    schedule()
  }
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (data === 'hello') offer(room.entries())
    else if (Array.isArray(data) && data.length <= MAX_BATCH) {
      onEntries(data.filter(entry => entry instanceof Uint8Array))
    }
  }
  const unsubscribe = room.onAppend(entry => offer([entry]))
  channel.postMessage('hello')
  return () => {
    clearTimeout(timer)
    waiting = []
    unsubscribe()
    channel.close()
  }
}
