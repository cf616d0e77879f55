// Hands the charter to newcomers over signaling, and asks for it while it is unknown. No link is made and no address is
// shown to members by this. An answer counts only if its author and salt give the room's id and its signature holds.
import { entryBytes, roomIdBytes } from '../core/ledger/chain.ts'
import { encodeBase64url } from '../core/num/base64url.ts'
import type { RoomId } from '../core/num/ids.ts'
import type { Signaling, SocketId } from '../ports/signaling.ts'
import type { Signer } from '../ports/signer.ts'
import { decodePreview, encodePreview } from '../protocol/preview.ts'
import type { CharterEntry } from './founding.ts'
import { checkEntry } from './ledger-sync.ts'

const MAX_ASKED = 64

/** Undefined unless the bytes are the signed charter of this very room. */
export async function checkCharter(
  bytes: Uint8Array,
  room: RoomId,
  signer: Signer,
): Promise<CharterEntry | undefined> {
  const check = await checkEntry(bytes, room, signer)
  if (!('entry' in check)) return undefined
  const { entry } = check
  if (entry.body.kind !== 'charter' || entry.seq !== 0) return undefined
  const founded = encodeBase64url(roomIdBytes(entry.author, entry.body.salt)) === room
  return founded ? (entry as CharterEntry) : undefined
}

export class CharterDesk {
  private readonly asked = new Set<SocketId>()
  private readonly unsubscribe: () => void

  constructor(
    private readonly signaling: Signaling,
    private readonly room: RoomId,
    private readonly signer: Signer,
    private charter: CharterEntry | null,
    private readonly onCharter: (charter: CharterEntry) => void,
  ) {
    this.unsubscribe = signaling.subscribe(event => {
      if (event.type === 'open') {
        this.asked.clear()
        for (const peer of event.peers) this.ask(peer)
      } else if (event.type === 'peer') this.ask(event.peer)
      else if (event.type === 'gone') this.asked.delete(event.peer)
      else if (event.type === 'message') void this.onMessage(event.from, event.payload)
    })
  }

  close(): void {
    this.unsubscribe()
  }

  private ask(peer: SocketId): void {
    if (this.charter || this.asked.size >= MAX_ASKED) return
    this.asked.add(peer)
    this.signaling.send(peer, encodePreview({ type: 'ask' }))
  }

  private async onMessage(from: SocketId, payload: Uint8Array): Promise<void> {
    const message = decodePreview(payload)
    if (!message) return
    if (message.type === 'ask') {
      if (this.charter)
        this.signaling.send(from, encodePreview({ type: 'answer', charter: entryBytes(this.charter) }))
      return
    }
    // Only those who were asked may answer, each once.
    if (this.charter || !this.asked.delete(from)) return
    const charter = await checkCharter(message.charter, this.room, this.signer)
    if (!charter || this.charter) return
    this.charter = charter
    this.onCharter(charter)
  }
}
