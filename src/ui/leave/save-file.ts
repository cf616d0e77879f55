// Files from memory to the person's downloads. Browsers drop a second download of the same moment, hence the pause.
import type { ExportedFile } from '../../ports/session.ts'

const BETWEEN_FILES_MS = 300
/** The download must have begun before its address is taken back. */
const KEEP_MS = 30_000

export async function saveFiles(files: readonly ExportedFile[]): Promise<void> {
  for (const [i, file] of files.entries()) {
    if (i > 0) await new Promise(resolve => setTimeout(resolve, BETWEEN_FILES_MS))
    const url = URL.createObjectURL(
      new Blob([file.bytes as Uint8Array<ArrayBuffer>], { type: file.mediaType }),
    )
    const anchor = document.createElement('a')
    anchor.href = url
    anchor.download = file.name
    anchor.click()
    setTimeout(() => URL.revokeObjectURL(url), KEEP_MS)
  }
}
