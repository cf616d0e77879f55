// One room of the scale measurement in a process of its own, which may take the memory that a thousand members need.
import { runScale, type ScaleOptions } from './scale.ts'

process.once('message', message => {
  const say = (line: string): unknown => process.send!({ line })
  runScale(message as ScaleOptions, say).then(
    figures => process.send!({ figures }, () => process.disconnect()),
    (cause: unknown) => {
      console.error(cause)
      process.exit(1)
    },
  )
})
