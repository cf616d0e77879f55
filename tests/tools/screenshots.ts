// `npm run screenshots`: pictures of every screen for the README, taken from the running app: the built page, the real
// server, four people in four browser profiles who really train together. English in daylight on a desk, Japanese at
// night on a phone.
//
//   npm run screenshots -- [--out docs/screenshots]
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium, type Browser, type Page } from 'playwright'
import { ensureBuild } from '../../scripts/build.mjs'
import { findChromium } from '../../scripts/chromium.mjs'
import { createAppServer } from '../../signaling/app-server.ts'
import { CHROMIUM_ARGS } from './rig.ts'

interface Person {
  readonly name: string
  readonly lang: 'en' | 'ja'
  readonly theme: 'light' | 'dark'
  readonly phone: boolean
}

const HANA: Person = { name: 'Hana', lang: 'en', theme: 'light', phone: false }
const YUKI: Person = { name: 'ゆき', lang: 'ja', theme: 'dark', phone: true }
const KENJI: Person = { name: 'Kenji', lang: 'ja', theme: 'light', phone: false }
const AMELIE: Person = { name: 'Amélie', lang: 'en', theme: 'dark', phone: false }

/** The room trains on until its pictures are taken. */
const ROUNDS = 400
/** Curves worth a picture: as many measurements, and a room that has learned. */
const MEASURED = 8
const LEARNED = 0.8
const LIMIT_MS = 240_000
/** A name instead of a loopback address, so that the pictures show an invitation as others would get it. */
const HOST = 'yoriai.example'

const { values } = parseArgs({ options: { out: { type: 'string', default: 'docs/screenshots' } } })
const out = values.out

function suffix({ lang, theme, phone }: Person): string {
  return `${lang}-${theme}-${phone ? 'phone' : 'desktop'}`
}

async function open(browser: Browser, url: string, person: Person): Promise<Page> {
  const context = await browser.newContext({
    viewport: person.phone ? { width: 360, height: 740 } : { width: 1280, height: 860 },
    deviceScaleFactor: person.phone ? 2 : 1,
    hasTouch: person.phone,
    isMobile: person.phone,
    locale: person.lang,
    colorScheme: person.theme,
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  page.setDefaultTimeout(LIMIT_MS)
  await page.goto(url)
  await page.locator('h1').waitFor()
  return page
}

async function shoot(page: Page, person: Person, name: string, fullPage = false): Promise<void> {
  await page.evaluate(full => {
    // What sticks to the top would stand in the middle of the picture.
    if (full) scrollTo(0, 0)
    return document.fonts.ready.then(() => undefined)
  }, fullPage)
  await page.waitForTimeout(300)
  const path = join(out, `${name}-${suffix(person)}.png`)
  await page.screenshot({ path, fullPage })
  console.log(path)
}

async function enter(page: Page, person: Person): Promise<void> {
  await page.locator('#nickname').fill(person.name)
  await page.locator('.enter button[type=submit][aria-disabled=false]').click()
  await page.locator('nav a[aria-current=page]').waitFor()
}

async function learned(page: Page): Promise<void> {
  await page.waitForFunction(
    ({ measured, accuracy }) => {
      const view = window.yoriai?.stay?.view
      return (view?.history.length ?? 0) >= measured && (view?.swarm?.accuracy ?? 0) >= accuracy
    },
    { measured: MEASURED, accuracy: LEARNED },
  )
}

/** A three, as a hand draws it. */
async function drawThree(page: Page): Promise<void> {
  const paper = page.locator('[role=application]')
  await paper.scrollIntoViewIfNeeded()
  const box = (await paper.boundingBox())!
  const at = (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + y * box.height]
  const points: [number, number][] = []
  for (const [cy, from, to] of [
    [0.33, -2.5, 1.4],
    [0.66, -1.4, 2.5],
  ] as const) {
    for (let i = 0; i <= 16; i++) {
      const angle = from + ((to - from) * i) / 16
      points.push(at(0.48 + 0.17 * Math.cos(angle), cy + 0.165 * Math.sin(angle)))
    }
  }
  await page.mouse.move(...points[0]!)
  await page.mouse.down()
  for (const point of points) await page.mouse.move(...point)
  await page.mouse.up()
  await page.waitForTimeout(1500)
}

async function visit(page: Page, view: 'swarm' | 'rounds' | 'ledger' | 'governance'): Promise<void> {
  await page.locator(`nav a[href$="/${view}"]`).click()
  await page.locator('h1').waitFor()
  await page.waitForTimeout(700)
}

/** The ledger after its first seal, the room's oversight, and the room paused by its guardian. */
async function takeOversight(hana: Page, yuki: Page, amelie: Page): Promise<void> {
  await hana.waitForFunction(() => (window.yoriai?.stay?.view.ledger.seal ?? null) !== null)
  for (const [page, person] of [
    [hana, HANA],
    [yuki, YUKI],
  ] as const) {
    await visit(page, 'ledger')
    await shoot(page, person, 'ledger', true)
  }
  await hana.getByRole('button', { name: 'Verify everything' }).click()
  await hana.getByText('Everything holds').first().waitFor()
  await shoot(hana, HANA, 'verified')
  await visit(amelie, 'governance')
  await shoot(amelie, AMELIE, 'governance', true)
  await visit(hana, 'governance')
  await hana.locator('.btn.large.pause').click()
  await hana
    .locator('form textarea, form input[type=text]')
    .first()
    .fill('Strange labels in one of the parts')
  await hana.locator('form button[type=submit]').first().click()
  await hana.locator('.btn.large.resume').waitFor()
  await shoot(hana, HANA, 'governance-paused')
  await yuki.locator('nav a').first().click()
  await yuki.waitForTimeout(700)
  await shoot(yuki, YUKI, 'room-paused')
  await hana.locator('.btn.large.resume').click()
  await hana.locator('form textarea, form input[type=text]').first().fill('Looked at: a typing error')
  await hana.locator('form button[type=submit]').first().click()
  await hana.locator('.btn.large.pause').waitFor()
}

const RUN_TITLE = 'Sevens with a dash'
/** Long enough to be looked at half done. */
const RUN_ROUNDS = 40
/** Part of their time that tabs train while a round is arranged: it takes seconds, and a small model learns in as many. */
const SLOW = 0.1

/** A sponsored round in the middle of its course: the sponsor's page, and an owner's. */
async function takeRounds(hana: Page, yuki: Page, owners: readonly Page[]): Promise<void> {
  await visit(hana, 'rounds')
  await hana.getByLabel('What is it for?').fill(RUN_TITLE)
  await hana.getByLabel('Reward in credits').fill('120')
  await hana.getByLabel('Rounds of training').fill(String(RUN_ROUNDS))
  await hana.getByRole('button', { name: 'Lock the reward and open the round' }).click()
  for (const page of owners) {
    await visit(page, 'rounds')
    await page.getByRole('heading', { name: RUN_TITLE }).waitFor()
    await page.locator('article [data-phase] .btn').first().click()
    await page.locator('article form button[type=submit][aria-disabled=false]').last().click()
  }
  await hana.waitForFunction(
    count => window.yoriai?.stay?.view.runs.runs[0]?.offers.length === count,
    owners.length,
  )
  await hana.getByRole('button', { name: 'Close offers and begin' }).click()
  await hana.waitForFunction(() => (window.yoriai?.stay?.view.runs.runs[0]?.measured.length ?? 0) > 0)
  await shoot(hana, HANA, 'rounds', true)
  await shoot(yuki, YUKI, 'rounds', true)
}

/** The market of the lab as it opens. */
async function takeMarketLab(page: Page, url: string): Promise<void> {
  await page.goto(`${url}#/lab/market`)
  await page.locator('h1').waitFor()
  await page.locator('svg').first().waitFor()
  await page.waitForTimeout(2_000)
}

/** A made-up swarm that was cut in two and healed. */
async function takeLab(page: Page): Promise<void> {
  await page.locator('a[href="#/lab"]').click()
  await page.locator('.fast input').check()
  for (const [act, rounds] of [
    [2, 15],
    [3, 30],
    [-1, 45],
  ] as const) {
    await page.waitForFunction(
      least => parseInt(document.querySelectorAll('.facts dd')[1]?.textContent ?? '', 10) >= least,
      rounds,
    )
    if (act >= 0) await page.locator('[aria-labelledby=break] button').nth(act).click()
  }
  await page.locator('.btn.primary').click()
}

async function takeAll(browser: Browser, url: string): Promise<void> {
  const hana = await open(browser, url, HANA)
  const yuki = await open(browser, url, YUKI)
  await shoot(hana, HANA, 'home')
  await shoot(yuki, YUKI, 'home')
  for (const [page, person] of [
    [hana, HANA],
    [yuki, YUKI],
  ] as const) {
    await takeLab(page)
    await shoot(page, person, 'lab', true)
    await takeMarketLab(page, url)
    await shoot(page, person, 'market-lab', true)
    await page.goto(url)
    await page.locator('h1').waitFor()
  }

  await hana.locator('input[maxlength="120"]').fill('Saturday workshop')
  await hana.locator('form > details > summary').first().click()
  await hana.locator('form > details input[type=number]').first().fill(String(ROUNDS))
  // Contributions are measured well only where everybody holds some of everything.
  await hana.locator('input[name=partition][value=iid]').dispatchEvent('click')
  await hana.locator('button.large').click()
  await hana.locator('.code svg').waitFor()
  await shoot(hana, HANA, 'invite')
  const link = await hana.locator('.field input[readonly]').inputValue()
  await hana.locator('.code').click()
  await shoot(hana, HANA, 'qr')
  await hana.keyboard.press('Escape')

  // Nobody is there yet: what an early guest sees.
  await yuki.goto(link)
  await yuki.locator('h2', { hasText: '誰もいません' }).waitFor()
  await shoot(yuki, YUKI, 'nobody-yet')

  await hana.locator('.btn.large').click()
  await enter(hana, HANA)
  await hana.locator('.alone').waitFor()
  await hana.locator('.chip.ai').waitFor()
  await shoot(hana, HANA, 'room-alone', true)
  await yuki.locator('.enter button[type=submit][aria-disabled=false]').waitFor()
  await yuki.locator('#nickname').fill(YUKI.name)
  await shoot(yuki, YUKI, 'green-room', true)
  const amelie = await open(browser, link, AMELIE)
  await amelie.locator('.enter button[type=submit][aria-disabled=false]').waitFor()
  await shoot(amelie, AMELIE, 'green-room', true)
  const kenji = await open(browser, link, KENJI)
  await Promise.all([enter(yuki, YUKI), enter(kenji, KENJI), enter(amelie, AMELIE)])

  // A room that has learned what it can has nothing to pay for.
  const all = [hana, yuki, kenji, amelie]
  const setEffort = (effort: number): Promise<unknown> =>
    Promise.all(all.map(page => page.evaluate(part => window.yoriai?.stay?.session.setEffort(part), effort)))
  // Who comes at the same moment may hold the same part until it is settled whose it is; the same data are paid once.
  for (const page of all)
    await page.waitForFunction(count => {
      const members = window.yoriai?.stay?.view.members.filter(({ status }) => status === 'training') ?? []
      return members.length === count && new Set(members.map(({ part }) => part)).size === count
    }, all.length)
  await setEffort(SLOW)
  await takeRounds(hana, yuki, [yuki, kenji, amelie])
  await setEffort(1)
  for (const page of all) await page.locator('nav a').first().click()

  for (const [page, person, full] of [
    [hana, HANA, false],
    [amelie, AMELIE, true],
    [yuki, YUKI, true],
  ] as const) {
    await learned(page)
    await shoot(page, person, 'room', full)
  }

  for (const [page, person] of [
    [hana, HANA],
    [yuki, YUKI],
  ] as const) {
    await page.locator('nav a[href$="/try"]').click()
    await drawThree(page)
    await shoot(page, person, 'try', person.phone)
  }
  for (const [page, person] of [
    [hana, HANA],
    [yuki, YUKI],
  ] as const) {
    await visit(page, 'swarm')
    await shoot(page, person, 'swarm', true)
  }
  await takeOversight(hana, yuki, amelie)

  await kenji.locator('h1').click()
  await kenji.keyboard.press('Space')
  await kenji.locator('.chip.warn').waitFor()
  await shoot(kenji, KENJI, 'paused')

  await hana.locator('nav a[href$="/leave"]').click()
  await shoot(hana, HANA, 'leave')
  await hana.locator('.btn.danger').click()
  await hana.locator('dialog .danger').click()
  await hana.locator('#receipt').waitFor()
  await shoot(hana, HANA, 'receipt', true)
  await yuki.locator('nav a[href$="/leave"]').click()
  await yuki.locator('.btn.danger').click()
  await yuki.locator('dialog .danger').click()
  await yuki.locator('#receipt').waitFor()
  await shoot(yuki, YUKI, 'receipt', true)

  await hana.goto(`${url}${new URL(link).hash.slice(0, -6)}`)
  await hana.reload()
  await hana.locator('#lost-link').waitFor()
  await shoot(hana, HANA, 'bad-link')
}

await mkdir(out, { recursive: true })
const server = await createAppServer({
  distDir: await ensureBuild({ log: () => undefined }),
  extraDirs: ['public'],
})
const origin = `http://${HOST}:${server.port}`
const browser = await chromium.launch({
  executablePath: await findChromium(),
  args: [
    ...CHROMIUM_ARGS,
    `--host-resolver-rules=MAP ${HOST} 127.0.0.1`,
    `--unsafely-treat-insecure-origin-as-secure=${origin}`,
  ],
})
try {
  await takeAll(browser, `${origin}/`)
} finally {
  await browser.close()
  await server.close()
}
