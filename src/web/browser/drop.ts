/** Files out of what was dropped, those of folders among them. */

/** A folder of more is not what anybody means to transcribe here. */
const MAX_FILES = 500
const HIDDEN = /^\./

/** To be called while the event is handled: later its data are gone. */
export async function droppedFiles(data: DataTransfer): Promise<File[]> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry())
  const plain = [...data.files]
  if (!entries.some((entry) => entry?.isDirectory)) return plain
  const files: File[] = []
  for (const entry of entries) if (entry !== null) await collect(entry, files)
  return files
}

async function collect(entry: FileSystemEntry, files: File[]): Promise<void> {
  if (HIDDEN.test(entry.name) || files.length >= MAX_FILES) return
  if (isFileEntry(entry)) {
    files.push(await new Promise<File>((resolve, reject) => entry.file(resolve, reject)))
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader() // what is no file is a folder
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (batch.length === 0) return
    for (const inner of batch.sort((a, b) => a.name.localeCompare(b.name))) await collect(inner, files)
  }
}

function isFileEntry(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile
}
