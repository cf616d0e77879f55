// The browser's decoder of pictures, in pages and workers.
import { DataError } from '../core/data/error.ts'
import { type Bitmap, overWhite } from '../core/data/image.ts'
import { DATA_LIMITS } from '../core/data/limits.ts'

/** Larger pictures are drawn smaller before their pixels are read: no model here sees more. */
const MAX_SIDE = 1024

export async function decodeInBrowser(file: File): Promise<Bitmap> {
  const image = await createImageBitmap(file)
  try {
    if (image.width * image.height > DATA_LIMITS.imagePixels)
      throw new DataError('bad-image', { file: file.name })
    const scale = Math.min(1, MAX_SIDE / Math.max(image.width, image.height))
    const width = Math.max(1, Math.round(image.width * scale))
    const height = Math.max(1, Math.round(image.height * scale))
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
    if (!context) throw new DataError('bad-image', { file: file.name })
    context.drawImage(image, 0, 0, width, height)
    return overWhite(context.getImageData(0, 0, width, height).data, width, height)
  } finally {
    image.close()
  }
}
