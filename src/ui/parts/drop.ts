// Files of a drop, folders included: browsers hand over folders only through entries. Relative paths are kept in
// webkitRelativePath, where the loader looks for class folders. Bounded, so that a dropped disk does not hang the page.

const MAX_FILES = 20_000

export async function filesOfDrop(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry()).filter(entry => entry !== null)
  if (!entries.some(entry => entry.isDirectory)) return [...transfer.files]
  const files: File[] = []
  for (const entry of entries) await collect(entry, '', files)
  return files
}

async function collect(entry: FileSystemEntry, path: string, into: File[]): Promise<void> {
  if (into.length >= MAX_FILES || entry.name.startsWith('.')) return
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    )
    Object.defineProperty(file, 'webkitRelativePath', { value: path + entry.name })
    into.push(file)
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  for (;;) {
    // A reader hands over at most a hundred entries at a time, and none when it is done.
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (batch.length === 0) return
    for (const child of batch) await collect(child, `${path}${entry.name}/`, into)
  }
}
