// Hands the charter to newcomers over signaling, and asks for it while it is unknown. No link is made and no address is
// shown to members by this. An answer counts only if its author and salt give the room's id and its signature holds.
import { entryBytes, roomIdBytes } from '../core/ledger/chain.ts'
import { encodeBase64url } from '../core/num/base64url.ts'
import type { CharterBody } from '../core/ledger/entry.ts'
import { decodeModelSpec } from '../core/model/decode.ts'
import { classCount } from '../core/model/shapes.ts'
import type { RoomId } from '../core/num/ids.ts'
import { layoutParams } from '../core/params/layout.ts'
import type { Signaling, SocketId } from '../ports/signaling.ts'
import type { Signer } from '../ports/signer.ts'
import { LIMITS } from '../protocol/messages.ts'
import { decodePreview, encodePreview } from '../protocol/preview.ts'
import type { CharterEntry } from './founding.ts'
import { checkEntry } from './entry-signing.ts'

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
  if (encodeBase64url(roomIdBytes(entry.author, entry.body.salt)) !== room) return undefined
  return isTrainable(entry.body) ? (entry as CharterEntry) : undefined
}

/** Whether the model fits together, within what links and memory carry, and has one output per class. */
function isTrainable({ model, classes }: CharterBody): boolean {
  const decoded = decodeModelSpec(model)
  if (decoded.status !== 'ok') return false
  return layoutParams(decoded.model).size <= LIMITS.parameters && classCount(decoded.model) === classes.length
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
      else if (event.type === 'message') {
        // A payload that cannot be handled is no charter.
        this.onMessage(event.from, event.payload).catch(() => undefined)
      }
    })
  }

  /** An answer that did not come may come the second time; whoever joined since is asked too. */
  askAgain(): void {
    for (const peer of [...this.asked]) this.ask(peer)
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
