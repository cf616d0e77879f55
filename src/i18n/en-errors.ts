// English words for every kind of error and refusal. Keys are the kinds of the typed unions; src/state/kinds.ts holds
// the compiler to it.

/** What a sentence about data may name; each is written out already and "" where the error does not have it. */
export interface DataWords {
  readonly column: string
  readonly value: string
  readonly expected: string
  readonly found: string
  readonly limit: string
}

export const enErrors = {
  error: {
    link: {
      empty: 'Paste the link that you were given.',
      'not-a-link':
        'This is not a link to a room: it has no “#/join=” in it. Copy the whole link, to the last letter.',
      'no-key':
        'The link has no key after the comma: it was cut off. Copy the whole link, to the last letter.',
      'bad-room': 'The name of the room in this link is damaged. Ask for the link again.',
      'bad-key': 'The key in this link is damaged or cut off. Ask for the link again.',
    },
    preview: {
      network: 'The server that introduces members cannot be reached. The page keeps trying.',
      'room-full': 'The room is full. Try again when somebody has left.',
      refused:
        'The server refused the connection, perhaps because of too many attempts. Wait a minute and try again.',
    },
    session: {
      'no-backend':
        'Nothing in this browser computed the model correctly, so it cannot train here. You can watch.',
      'data-unavailable':
        'The data could not be loaded. Check the connection and reload; you come back as the same member.',
      'trainer-crashed':
        'The training worker stopped. Reload the page: you come back as the same member and go on.',
      'room-full': 'The room is full. Try again when somebody has left.',
      refused: 'The other members did not let this browser in.',
    },
    app: {
      start: 'Yoriai could not start here',
      startText: 'A part of the program did not load. Check the connection and reload the page.',
      create: 'The room could not be created. Is storage blocked, as in a private window?',
      join: 'Joining failed. Check the connection and try again.',
      'leave-failed': 'Leaving did not finish. Your work until the last round is safe; try once more.',
      'export-failed': 'The file could not be written. Try again.',
      'predict-failed': 'The models could not be asked just now. Try again in a moment.',
      'add-failed': 'The example could not be added.',
      'trace-failed': 'The origin could not be looked up just now. Try again in a moment.',
      'open-failed': 'The opening could not be read from this device. Try again.',
      'delete-failed': 'Not everything could be deleted. Close other tabs with Yoriai and try again.',
      unexpected: 'Something went wrong. The room goes on.',
    },
    data: {
      network: (_: DataWords) => 'The data could not be fetched. Check the connection and try again.',
      manifest: (_: DataWords) =>
        'The list of the prepared data is damaged. Whoever started Yoriai should prepare it again.',
      checksum: (_: DataWords) => 'The data arrived damaged. Try again.',
      part: (_: DataWords) => 'The room has no such part.',
      'no-files': (_: DataWords) => 'No file was chosen.',
      'unknown-kind': (_: DataWords) =>
        'This is neither a CSV file, nor a picture (PNG, JPEG, WebP, GIF), nor an IDX file.',
      'mixed-kinds': (_: DataWords) =>
        'Choose one kind of file at a time: a table, or pictures, or IDX files.',
      'too-many-files': (d: DataWords) => `These are too many files; the limit is ${d.limit}.`,
      'file-too-big': (d: DataWords) => `This file is too large; the limit is ${d.limit}.`,
      'total-too-big': (d: DataWords) => `Together the files are too large; the limit is ${d.limit}.`,
      'empty-file': (_: DataWords) => 'There is nothing in this file.',
      unreadable: (_: DataWords) => 'The browser could not read this file.',
      encoding: (_: DataWords) => 'The text is not UTF-8. Save the file again as CSV in UTF-8.',
      'wrong-kind': (d: DataWords) => `The room works with another kind of data (${d.expected}).`,
      'shape-mismatch': (d: DataWords) =>
        `The samples have the size ${d.found}; the room asks for ${d.expected}.`,
      'unknown-label': (d: DataWords) => `The room does not know the class “${d.value}”.`,
      'one-class': (_: DataWords) => 'All samples are of one class; at least two are needed.',
      'too-many-classes': (d: DataWords) =>
        `There are more than ${d.limit} classes. Is the right column chosen as the class?`,
      'too-few-samples': (d: DataWords) => `At least ${d.expected} samples are needed; there are ${d.found}.`,
      'unclosed-quote': (_: DataWords) => 'A quotation mark is opened here and never closed.',
      'stray-quote': (_: DataWords) =>
        'There is a quotation mark in the middle of a value. Double it, or quote the whole value.',
      'ragged-row': (d: DataWords) =>
        `This line has ${d.found} values; the header names ${d.expected} columns.`,
      'duplicate-column': (d: DataWords) =>
        `The column name “${d.column}” is there twice. Every column needs its own name.`,
      'unnamed-column': (d: DataWords) =>
        `Column ${d.column} has no name. The first line must name every column.`,
      'cell-too-long': (d: DataWords) =>
        `A value in the column “${d.column}” is longer than ${d.limit} letters.`,
      'too-many-rows': (d: DataWords) => `There are more than ${d.limit} rows.`,
      'too-many-columns': (d: DataWords) => `There are more than ${d.limit} columns.`,
      'too-many-features': (d: DataWords) =>
        `The columns make more than ${d.limit} inputs, probably because a column of words has very many different values.`,
      'no-features': (_: DataWords) => 'Besides the class there is no column that can be learned from.',
      'missing-column': (d: DataWords) => `The column “${d.column}” is missing.`,
      'bad-number': (d: DataWords) =>
        `The column “${d.column}” is a column of numbers, and “${d.value}” is none.`,
      'bad-schema': (_: DataWords) => 'The description of the columns in the terms of the room is damaged.',
      'schema-too-big': (d: DataWords) =>
        `The description of the columns is too long for the terms of a room (limit ${d.limit}). Use fewer columns.`,
      'idx-format': (_: DataWords) => 'This is not an IDX file of bytes: it begins differently.',
      'idx-length': (d: DataWords) => `The file has ${d.found} bytes; its header promises ${d.expected}.`,
      'idx-pair': (_: DataWords) => 'Choose two IDX files together: one with pictures and one with labels.',
      'idx-count': (d: DataWords) => `There are ${d.found} labels for ${d.expected} pictures.`,
      'no-class-folder': (_: DataWords) =>
        'This picture is in no sub-folder. Put the pictures of each class into a folder with the name of the class.',
      'bad-image': (_: DataWords) => 'This picture is damaged or of an unknown kind.',
    },
  },
  refusal: {
    malformed: 'bytes that make no sense',
    'bad-signature': 'a signature that does not fit',
    'wrong-length': 'an update of the wrong length',
    'not-finite': 'numbers that are not finite (NaN or infinity)',
    'not-canonical': 'an update written in a form that is not allowed',
    'wrong-codec': 'an update in an encoding that this room does not take',
    'not-drawn': 'an update for a round in which the lot fell on others',
    outsized: 'an update far larger than everyone else’s',
    'wrong-hash': 'content that is not what was announced',
    equivocation: 'two different statements under one number',
    'wrong-room': 'a message for another room',
    'too-old': 'an update for a round long past',
    'from-future': 'an update for a round that has not come',
    'bad-state': 'a model that disagrees with what the others hold',
    'bad-entry': 'a ledger entry that breaks the rules',
    flooding: 'far too many messages',
    'not-a-trainer': 'an update from somebody who does not train here',
    paused: 'an update trained while the room was paused',
    'no-licence': 'an update without the licence that the room asks for',
    'over-budget': 'an update beyond the compute budget',
    'no-receipt': 'updates without receipts for the work behind them',
    suspended: 'an update from somebody whose receipts broke a rule',
    quota: 'more ledger entries than one member may write between two seals',
    'bad-seal': 'a seal over entries that the ledger does not hold',
    'bad-sum': 'a sum under masks that breaks its own rules',
    'bad-lending': 'computed wrongly for another member',
  },
}
