// Acts in the order of their times; of equal times, in the order in which they were added.

export class EventQueue {
  private readonly items: { at: number; order: number; act: () => void }[] = []
  private order = 0

  peek(): number | undefined {
    return this.items[0]?.at
  }

  push(at: number, act: () => void): void {
    const { items } = this
    const item = { at, order: this.order++, act }
    let i = items.length
    items.push(item)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(item, items[parent]!)) break
      items[i] = items[parent]!
      i = parent
    }
    items[i] = item
  }

  pop(): () => void {
    const { items } = this
    const top = items[0]!
    const last = items.pop()!
    if (items.length > 0) {
      let i = 0
      for (;;) {
        let child = 2 * i + 1
        if (child >= items.length) break
        if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child++
        if (!isBefore(items[child]!, last)) break
        items[i] = items[child]!
        i = child
      }
      items[i] = last
    }
    return top.act
  }
}

function isBefore(a: { at: number; order: number }, b: { at: number; order: number }): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
