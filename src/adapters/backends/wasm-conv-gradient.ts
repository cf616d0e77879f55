// The gradient of a convolution's filter, which the WASM backend lacks. It is itself a convolution: with channels as
// the batch and the batch as channels, the padded input slides over the output's gradient used as one large filter,
//   dW[ky, kx, ci, co] = sum over b, y, x of x[b, y + ky, x + kx, ci] * dy[b, y, x, co],
// so the backend's fast forward kernel does the work. Stride 1 and channels last only.
import {
  backend_util,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  conv2d,
  getKernel,
  registerKernel,
  type Tensor4D,
  tidy,
  transpose,
} from '@tensorflow/tfjs-core'

/** Idempotent. */
export function registerWasmConvGradient(): void {
  if (getKernel(Conv2DBackpropFilter, 'wasm') !== undefined) return
  registerKernel({
    kernelName: Conv2DBackpropFilter,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const { x, dy } = inputs as { x: Tensor4D; dy: Tensor4D }
      const { strides, pad, dataFormat, dimRoundingMode, filterShape } =
        attrs as unknown as Conv2DBackpropFilterAttrs
      const info = backend_util.computeConv2DInfo(
        x.shape,
        filterShape,
        strides,
        1,
        pad,
        dimRoundingMode,
        false,
        backend_util.convertConv2DDataFormat(dataFormat),
      )
      if (info.strideHeight !== 1 || info.strideWidth !== 1 || info.dataFormat !== 'channelsLast') {
        throw new RangeError('filter gradient: only stride 1 with channels last')
      }
      return convFilterGradient(x, dy, info.padInfo)
    },
  })
}

/** x [B, H, W, Cin] and dy [B, H', W', Cout] to [K, K, Cin, Cout]. */
export function convFilterGradient(
  x: Tensor4D,
  dy: Tensor4D,
  { top, bottom, left, right }: { top: number; bottom: number; left: number; right: number },
): Tensor4D {
  return tidy(() => {
    const channelsAsBatch = transpose(x, [3, 1, 2, 0])
    const gradientAsFilter = transpose(dy, [1, 2, 0, 3])
    const out = conv2d(channelsAsBatch, gradientAsFilter, 1, [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ])
    return transpose(out, [1, 2, 0, 3])
  })
}
