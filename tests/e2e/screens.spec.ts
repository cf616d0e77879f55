// The screens alone, on acted rooms, in a real browser: nothing serious for axe and no sideways scrolling in any state,
// in both languages, both appearances and both widths (paired so that every two of them meet); every action by keyboard.
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { LINK_HASH } from '../ui/fake-data.ts'
import { enter, raiseStage, type Setting, type Stage } from '../ui/stage.ts'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

let stage: Stage
beforeAll(async () => {
  stage = await raiseStage()
})
afterAll(() => stage.close())
afterEach(() => {
  expect(stage.complaints.splice(0)).toEqual([])
})

const SETTINGS: readonly Setting[] = [
  { lang: 'en', theme: 'light', width: 1280 },
  { lang: 'ja', theme: 'dark', width: 1280 },
  { lang: 'en', theme: 'dark', width: 360 },
  { lang: 'ja', theme: 'light', width: 360 },
]

interface State {
  readonly name: string
  readonly query?: string
  readonly hash?: string
  readonly steps?: (page: Page) => Promise<void>
}

const go = (view: string) => async (page: Page) => {
  await page.evaluate(hash => (location.hash = hash), `${LINK_HASH}/${view}`)
  await page.locator('h1').waitFor()
}
const inRoom = (name: string, query: string, ...more: readonly ((page: Page) => Promise<void>)[]): State => ({
  name,
  query,
  async steps(page) {
    await enter(page)
    for (const step of more) await step(page)
  },
})
const openAll = async (page: Page): Promise<void> => {
  const closed = page.locator('details:not([open]) > summary')
  while ((await closed.count()) > 0) await closed.first().click()
}

const STATES: readonly State[] = [
  { name: 'home', hash: '', steps: openAll },
  { name: 'home, stay interrupted', query: 'resumable', hash: '' },
  {
    name: 'home, own data, bad link',
    hash: '',
    async steps(page) {
      await page.locator('input[value=own]').check()
      await page.locator('input[inputmode=url]').fill('nonsense')
      await page.locator('input[inputmode=url]').press('Enter')
    },
  },
  {
    name: 'home, asked to delete everything',
    hash: '',
    steps: page => page.locator('footer button').click(),
  },
  { name: 'invite', hash: `${LINK_HASH}/invite` },
  {
    name: 'invite, full screen',
    hash: `${LINK_HASH}/invite`,
    steps: page => page.locator('button.code').click(),
  },
  { name: 'green room', steps: openAll },
  { name: 'green room, searching', query: 'preview=searching&checks=checking' },
  { name: 'green room, nobody, unfit browser', query: 'preview=nobody&checks=bad' },
  { name: 'green room, full, without comforts', query: 'preview=room-full&checks=soft' },
  { name: 'green room, own tables only', query: 'task=own' },
  inRoom('room, joining', 'phase=joining&members=1'),
  inRoom('room, preparing, alone', 'phase=preparing&members=1'),
  inRoom('room, training', '', openAll),
  inRoom('room, crowded and in trouble', 'members=12&trouble', openAll),
  inRoom('room, paused', 'phase=paused'),
  inRoom('room, finished', 'phase=finished'),
  inRoom('room, stopped by a fault', 'phase=failed', openAll),
  { name: 'room, watching', steps: page => enter(page, 'watch') },
  inRoom('try, before the first round', 'phase=preparing', go('try')),
  inRoom('try, digits', '', go('try'), page => page.locator('ul button').nth(3).click()),
  inRoom('try, clothes', 'task=fashion-mnist', go('try'), page => page.locator('ul button').nth(3).click()),
  {
    name: 'try, a table',
    query: 'task=own',
    async steps(page) {
      await enter(page, 'watch')
      await go('try')(page)
      await page.locator('button[type=submit]').first().click()
    },
  },
  inRoom('invite from the room', '', go('invite')),
  inRoom('leave', '', go('leave')),
  inRoom('left, with the receipt', '', go('leave'), leaveByMouse),
  { name: 'a link cut off', hash: LINK_HASH.slice(0, -3) },
  { name: 'an address that leads nowhere', hash: '#/nowhere' },
]

async function leaveByMouse(page: Page): Promise<void> {
  await page.locator('.btn.danger').click()
  await page.locator('dialog .danger').click()
  await page.locator('#receipt').waitFor()
}

async function seriousFindings(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: AXE })
  const results = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<AxeResults> } }
    return axe.run()
  })
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(node => `${node.html} (${node.any[0]?.message ?? ''})`).join(' | ')}`,
    )
}

describe('every state, in four settings side by side', () => {
  const pages = new Map<Setting, Page>()
  beforeAll(async () => {
    for (const setting of SETTINGS) pages.set(setting, await stage.newPage(setting))
  })
  afterAll(async () => {
    for (const page of pages.values()) await page.context().close()
  })

  it.each(STATES)('$name', async ({ query, hash, steps }) => {
    const seen = await Promise.all(
      SETTINGS.map(async setting => {
        const page = pages.get(setting)!
        await stage.open(page, query, hash)
        await steps?.(page)
        await page.waitForTimeout(100)
        const serious = await seriousFindings(page)
        const facts = await page.evaluate(() => ({
          sideways: document.documentElement.scrollWidth > document.documentElement.clientWidth,
          titles: document.querySelectorAll('h1').length,
          lang: document.documentElement.lang,
          theme: document.documentElement.dataset['theme'],
          named: document.title.includes('Yoriai'),
        }))
        return { serious, ...facts }
      }),
    )
    expect(seen).toEqual(
      SETTINGS.map(({ lang, theme }) => ({
        serious: [],
        sideways: false,
        titles: 1,
        lang,
        theme,
        named: true,
      })),
    )
  })
})

describe('by keyboard alone', () => {
  let page: Page
  const calls = () => page.evaluate(() => window.fake.calls)
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '')
  /** Tabs until the focus is where the selector says. */
  async function tabTo(selector: string, key = 'Tab'): Promise<void> {
    for (let i = 0; i < 80; i++) {
      if (await page.evaluate(s => document.activeElement?.matches(s) ?? false, selector)) return
      await page.keyboard.press(key)
    }
    throw new Error(`no way to ${selector}`)
  }
  async function enterByKeys(): Promise<void> {
    await tabTo('#nickname')
    await page.keyboard.type('Hana')
    await tabTo('button[type=submit]')
    await page.keyboard.press('Enter')
    await page.locator('nav a[aria-current=page]').waitFor()
  }

  beforeAll(async () => {
    page = await stage.newPage()
  })
  afterAll(() => page.context().close())

  it('creates a room: task, model, parts and a name, then the link', async () => {
    await stage.open(page, '', '')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Skip to content')
    await tabTo('input[name=task]')
    await page.keyboard.press('ArrowDown')
    await tabTo('summary')
    await page.keyboard.press('Enter')
    await tabTo('input[name=model]')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await tabTo('input[type=number]')
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.type('5')
    await tabTo('input[maxlength="120"]')
    await page.keyboard.type('Evening')
    await page.keyboard.press('Enter')
    await page.locator('.code').waitFor()
    const [created] = await calls()
    const charter: unknown = JSON.parse(created!.replace('createRoom ', ''))
    expect(charter).toMatchObject({ task: 'fashion-mnist', title: 'Evening', parts: 5 })
    expect(JSON.stringify(charter)).toContain('conv2d')
    expect(await focused()).toBe('Your room is ready')

    await tabTo('.code')
    await page.keyboard.press('Enter')
    expect(await page.locator('dialog[open]').count()).toBe(1)
    await page.keyboard.press('Escape')
    expect(await page.locator('dialog[open]').count()).toBe(0)
    await tabTo('.btn.primary')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(LINK_HASH)
  })

  it('a number that does not fit is shown, not sent', async () => {
    await stage.open(page, '', '')
    await tabTo('form > details > summary')
    await page.keyboard.press('Enter')
    await page.locator('input[type=number]').last().fill('7')
    await page.locator('form > details > summary').click()
    await page.locator('button.large').focus()
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))).toBe('true')
    expect(await calls()).toEqual([])
  })

  it('follows a link that was pasted, and says what is wrong with one that was cut off', async () => {
    await stage.open(page, '', '')
    await tabTo('input[inputmode=url]')
    await page.keyboard.insertText(`https://example.org/${LINK_HASH.slice(0, -4)}`)
    await page.keyboard.press('Enter')
    expect(await page.locator('[role=alert]').textContent()).toContain('cut off')
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.insertText(`https://example.org/${LINK_HASH}`)
    await page.keyboard.press('Enter')
    await page.locator('#nickname').waitFor()
    expect(await focused()).toBe('Green room')
  })

  it('nothing joins without a name, or before the terms are here', async () => {
    await stage.open(page)
    await page.evaluate(() => localStorage.clear())
    await stage.open(page)
    // A name is proposed, so that one click is enough.
    expect(await page.locator('#nickname').inputValue()).toMatch(/^Guest \d{3}$/)
    await page.locator('#nickname').fill('')
    await tabTo('button[type=submit]')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('nickname')
    await stage.open(page, 'preview=nobody')
    await page.locator('#nickname').fill('Hana')
    await page.keyboard.press('Enter')
    await page.locator('form.enter button[type=button]').click({ force: true })
    expect(await calls()).toEqual([])
  })

  it('joins on the part that was chosen, and remembers the name', async () => {
    await stage.open(page)
    await page.locator('#nickname').fill('')
    await tabTo('#nickname')
    await page.keyboard.type('ゆき')
    await tabTo('input[name=data]')
    await page.keyboard.press('ArrowDown')
    await tabTo('select')
    await page.keyboard.press('ArrowDown')
    await tabTo('button[type=submit]')
    await page.keyboard.press('Enter')
    await page.locator('nav a[aria-current=page]').waitFor()
    expect(await calls()).toEqual(['join trainer ゆき 1'])
    expect(await focused()).toBe('Saturday workshop')
    await stage.open(page)
    expect(await page.locator('#nickname').inputValue()).toBe('ゆき')
  })

  it('space pauses and resumes, but not in text fields nor where it operates something', async () => {
    await stage.open(page)
    await enterByKeys()
    const pauses = async () => (await calls()).filter(call => call.startsWith('setPaused'))
    await page.keyboard.press('Space')
    expect(await pauses()).toEqual(['setPaused true'])
    expect(await page.locator('.bar .chip').textContent()).toBe('Paused')
    expect(await page.locator('[aria-live=polite]').first().textContent()).toContain('no longer computes')
    await page.keyboard.press('Space')
    expect(await pauses()).toEqual(['setPaused true', 'setPaused false'])

    // A disclosure reached by keyboard opens; the same one clicked by mouse leaves space to the pause.
    await tabTo('summary')
    await page.keyboard.press('Space')
    expect(await page.locator('details[open]').count()).toBe(1)
    expect((await pauses()).length).toBe(2)
    await page.locator('summary').first().click()
    await page.keyboard.press('Space')
    expect(await page.locator('details[open]').count()).toBe(0)
    expect((await pauses()).length).toBe(3)
    await page.keyboard.press('Space')

    // The pause button itself, and the effort slider.
    await page.locator('h1').focus()
    await tabTo('button.pause', 'Shift+Tab')
    await page.keyboard.press('Enter')
    expect((await pauses()).length).toBe(5)
    await tabTo('#effort')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    expect((await calls()).at(-1)).toBe('setEffort 0.8')
    await page.keyboard.press('Space')
    expect((await pauses()).length).toBe(6)
  })

  it('draws a digit, asks three models, and teaches', async () => {
    await stage.open(page)
    await enterByKeys()
    await tabTo('nav a[href$="/try"]', 'Shift+Tab')
    await page.keyboard.press('Enter')
    await tabTo('[role=application]')
    await page.keyboard.press('ArrowUp')
    expect(await calls()).not.toContain('predict')
    await page.keyboard.press('d')
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowDown')
    await page.keyboard.press('d')
    await expect.poll(calls).toContain('predict')
    await expect.poll(() => page.locator('tbody .num').first().textContent()).toMatch(/%/)
    await tabTo('select')
    await page.keyboard.press('7')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await expect.poll(calls).toContain('addExamples 7 784')
    expect(await page.locator('.toast').textContent()).toContain('as 7')
    await tabTo('[role=application]', 'Shift+Tab')
    await page.keyboard.press('c')
    await expect.poll(() => page.locator('tbody .num').first().textContent()).toBe('')
    await tabTo('ul button')
    await page.keyboard.press('Space')
    expect(await page.locator('[role=status]', { hasText: 'Label' }).textContent()).toContain('0')
    expect((await calls()).some(call => call.startsWith('setPaused'))).toBe(false)
  })

  it('draws by pointer too', async () => {
    await stage.open(page)
    await enterByKeys()
    await go('try')(page)
    const box = (await page.locator('[role=application]').boundingBox())!
    await page.mouse.move(box.x + 60, box.y + 40)
    await page.mouse.down()
    await page.mouse.move(box.x + 90, box.y + 200, { steps: 8 })
    await page.mouse.up()
    await expect.poll(calls).toContain('predict')
    expect(await page.locator('figure canvas').count()).toBe(1)
  })

  it('leaves with model and receipt, deletes everything, and is home', async () => {
    await stage.open(page)
    await enterByKeys()
    await tabTo('nav a[href$="/leave"]', 'Shift+Tab')
    await page.keyboard.press('Enter')
    await tabTo('.card .btn')
    const model = page.waitForEvent('download')
    await page.keyboard.press('Enter')
    expect((await model).suggestedFilename()).toBe('model.safetensors')
    await tabTo('.btn.danger')
    await page.keyboard.press('Enter')
    await tabTo('dialog .danger')
    await page.keyboard.press('Enter')
    await page.locator('#receipt').waitFor()
    expect(await focused()).toContain('You have left')
    expect(await calls()).toContain('leave')
    const receipt = page.waitForEvent('download')
    await page.locator('section[aria-labelledby=receipt] .btn').focus()
    await page.keyboard.press('Enter')
    expect((await receipt).suggestedFilename()).toBe('yoriai-receipt-Qy3pD0m9.json')
    // The model is still to be had, though the session has ended.
    const before = (await calls()).filter(call => call.startsWith('exportModel')).length
    const again = page.waitForEvent('download')
    await page.locator('section[aria-labelledby=take-model] .btn').first().focus()
    await page.keyboard.press('Enter')
    await again
    expect((await calls()).filter(call => call.startsWith('exportModel')).length).toBe(before)
    await tabTo('.btn.danger')
    await page.keyboard.press('Enter')
    await tabTo('dialog .danger')
    await page.keyboard.press('Enter')
    await page.locator('input[name=task]').first().waitFor()
    expect(await calls()).toContain('deleteEverything')
    expect(await page.evaluate(() => localStorage.length)).toBe(0)
  })

  it('switches language and appearance, and remembers both', async () => {
    await stage.open(page, '', '')
    await tabTo('button[lang=ja]')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('ja')
    expect(await page.locator('h1').textContent()).toContain('集まった')
    await tabTo('button.theme')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark')
    await stage.open(page, '', '')
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('ja')
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark')
    await page.evaluate(() => localStorage.clear())
  })
})

describe('situations', () => {
  let page: Page
  const calls = () => page.evaluate(() => window.fake.calls)
  beforeAll(async () => {
    page = await stage.newPage()
  })
  afterAll(() => page.context().close())

  it('a reload comes back into the room without the green room', async () => {
    await stage.open(page, 'resumable')
    await page.locator('nav a[aria-current=page]').waitFor()
    expect(await calls()).toEqual(['join trainer Hana 0'])
  })

  it('at home, an interrupted stay waits for a click', async () => {
    await stage.open(page, 'resumable', '')
    const goOn = page.getByRole('button', { name: 'Go on in the room' })
    await goOn.waitFor()
    expect(await calls()).toEqual([])
    await goOn.click()
    await page.locator('nav a[aria-current=page]').waitFor()
  })

  it('opened over plain http by a LAN address, the page says what to do', async () => {
    await stage.open(page, '', '', 'lan.example')
    const notice = page.locator('.notice.warn')
    expect(await notice.textContent()).toContain('npm start -- --https')
    expect(await seriousFindings(page)).toEqual([])
  })

  it('the room goes on behind the front page, and a second room must wait', async () => {
    await stage.open(page)
    await enter(page)
    await page.locator('a.brand').click()
    await page.locator('input[inputmode=url]').fill(LINK_HASH.replace('mK4', 'nK4'))
    await page.locator('input[inputmode=url]').press('Enter')
    await page.getByRole('heading', { name: 'already in another room' }).waitFor()
    await page.getByRole('button', { name: 'Back to the room' }).first().click()
    await page.locator('nav a[aria-current=page]').waitFor()
    expect((await calls()).filter(call => call.startsWith('join')).length).toBe(1)
  })

  it('a screen that throws says so and leaves the room alone', async () => {
    await stage.open(page)
    await enter(page)
    // Not a state that the port allows: it stands for any mistake in a screen.
    await page.evaluate(() => window.fake.session!.push({ history: null as never }))
    await page.getByRole('heading', { name: 'This screen stumbled' }).waitFor()
    expect(await seriousFindings(page)).toEqual([])
    expect(await calls()).not.toContain('close')
    await page.evaluate(() => window.fake.session!.push({ history: [] }))
    await page.getByRole('button', { name: 'Show it again' }).click()
    await page.locator('nav a[aria-current=page]').waitFor()
    stage.complaints.splice(0)
  })

  it('own files: a bad line is named, what was loaded stays, the room is made of it', async () => {
    const rows = Array.from(
      { length: 60 },
      (_, i) => `${i % 7},${(i * 3) % 11},${i % 3 === 0 ? 'setosa' : 'virginica'}`,
    )
    const csv = (lines: readonly string[]) => ({
      name: 'iris.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(['length,width,species', ...lines].join('\n')),
    })
    await stage.open(page, '', '')
    await page.locator('input[value=own]').check()
    const input = page.locator('input[type=file]').first()
    await input.setInputFiles(csv(rows))
    await page.getByText('held out').first().waitFor()
    await input.setInputFiles(csv([...rows.slice(0, 20), '1,2', ...rows.slice(20)]))
    const alert = page.locator('[role=alert]')
    await alert.waitFor()
    expect(await alert.textContent()).toMatch(/iris\.csv, line 22.*2 values.*3 columns.*still there/su)
    await page.locator('button.large').click()
    await page.locator('.code').waitFor()
    const created = (await calls()).find(call => call.startsWith('createRoom'))!
    expect(JSON.parse(created.replace('createRoom ', ''))).toMatchObject({
      task: 'own',
      classes: ['setosa', 'virginica'],
      model: { input: [2] },
    })
  })

  it('updates four times a second with long curves and many members leave the page free', async () => {
    await stage.open(page, 'members=40&round=2000')
    await enter(page)
    await page.locator('svg path.line').first().waitFor()
    const { longestMs, longTasks } = await page.evaluate(async () => {
      const { session } = window.fake
      const observed: number[] = []
      const observer = new PerformanceObserver(list =>
        observed.push(...list.getEntries().map(task => task.duration)),
      )
      observer.observe({ type: 'longtask' })
      let longest = 0
      for (let i = 0; i < 12; i++) {
        await new Promise(resolve => setTimeout(resolve, 100))
        const history = [...session!.view.history]
        const began = performance.now()
        session!.push({ step: i, round: 2000 + i, history })
        // Screens are brought up to date in a microtask after the push.
        await new Promise<void>(resolve => queueMicrotask(() => queueMicrotask(resolve)))
        longest = Math.max(longest, performance.now() - began)
      }
      observer.disconnect()
      return { longestMs: longest, longTasks: observed }
    })
    console.log(
      `slowest update of the room screen: ${longestMs.toFixed(1)} ms of script;`,
      `tasks over 50 ms: ${longTasks.length}`,
    )
    const points = await page.locator('path.line.room').getAttribute('d')
    expect(points!.split('L').length).toBeLessThanOrEqual(160)
  })
})
