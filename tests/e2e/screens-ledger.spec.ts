// The ledger's and the verification's screens at work, on acted rooms in a real browser: reading, proofs, credits, files.
import type { Page } from 'playwright'
import { describe, expect, it } from 'vitest'
import { callsOf, go, tabTo, usePage, useStage } from '../tools/screens.ts'
import { enter } from '../ui/stage.ts'

const held = useStage()
const BUSY = 'rule=busy&members=6'

async function openLedger(page: Page, query = BUSY): Promise<void> {
  await held.stage.open(page, query)
  await enter(page)
  await go('ledger')(page)
  await page.locator('ol details').first().waitFor()
}

const selects = (page: Page) => page.locator('section[aria-labelledby=entries] select')

describe('the ledger', () => {
  const here = usePage(held)
  const asked = async () =>
    (await callsOf(here.page))
      .filter(call => call.startsWith('ledgerPage'))
      .map(call => JSON.parse(call.replace('ledgerPage ', '')) as Record<string, unknown>)
      .at(-1)

  it('says what is final, and how far the next seal has come', async () => {
    const { page } = here
    await openLedger(page)
    const card = page.locator('section[aria-labelledby=seal]')
    expect(await card.textContent()).toMatch(/Seal 7.*Waiting for signatures: 3 of 5/su)
    await openLedger(page, `${BUSY}&trouble`)
    expect(await card.textContent()).toMatch(/Too few are here.*nothing becomes final, nothing is lost/su)
    expect(await card.textContent()).toMatch(/Tomás signed two things that exclude each other/u)
  })

  it('reads as sentences, filters by kind, author and text, and turns pages by keyboard', async () => {
    const { page } = here
    await openLedger(page)
    const sentences = page.locator('ol .sentence')
    expect(await sentences.nth(2).textContent()).toBe('Kenji ordered the room to resume: “Back”')
    expect(await sentences.count()).toBe(25)
    await tabTo(page, 'section[aria-labelledby=entries] select')
    await selects(page).first().selectOption('receipt')
    await expect.poll(asked).toMatchObject({ kind: 'receipt', offset: 0 })
    await expect.poll(() => sentences.first().textContent()).toContain('1.17 GFLOP')
    await page.getByRole('button', { name: 'Older' }).focus()
    await page.keyboard.press('Enter')
    await expect.poll(asked).toMatchObject({ kind: 'receipt', offset: 25 })
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('entries')
    await selects(page).nth(1).selectOption('member-01')
    await expect.poll(asked).toMatchObject({ author: 'member-01', offset: 0 })
    await selects(page).first().selectOption('all')
    await page.locator('input[type=search]').fill('coffee')
    await expect.poll(() => sentences.allTextContents()).toEqual(['Kenji sent 12.5 credits to you: “Coffee”'])
    await page.locator('input[type=search]').fill('nothing like this')
    await page.getByRole('button', { name: 'Show all' }).click()
    await expect.poll(() => sentences.count()).toBe(25)
  })

  it('shows more entries when asked, not while one reads', async () => {
    const { page } = here
    await openLedger(page)
    await page.evaluate(() => {
      const { session } = window.fake
      const { ledger } = session!.view
      session!.push({ ledger: { ...ledger, openEntries: ledger.openEntries + 2 } })
    })
    await page.getByText('2 new entries').waitFor()
    await page.getByRole('button', { name: 'Show the newest' }).click()
    await page.getByText('2 new entries').waitFor({ state: 'detached' })
  })

  it('an entry opens to what was signed; its proof is a file once it is final; its model is traced', async () => {
    const { page } = here
    await openLedger(page)
    await page.locator('ol summary').first().click()
    expect(await page.locator('pre').textContent()).toContain('"kind": "leave"')
    const proof = page.getByRole('button', { name: 'Proof of this entry' })
    expect(await proof.getAttribute('aria-disabled')).toBe('true')
    await page.locator('ol summary').first().click()
    await selects(page).first().selectOption('receipt')
    await page.locator('ol .chip.ok').first().click()
    const saved = page.waitForEvent('download')
    await proof.click()
    expect((await saved).suggestedFilename()).toMatch(/^yoriai-proof-[0-9a-f]{8}\.json$/u)
    await page.locator('ol').getByRole('button', { name: 'Where does this model come from?' }).click()
    await page.locator('#trace-receipts').waitFor()
    expect((await callsOf(page)).some(call => /^trace [0-9a-f]{64}$/u.test(call))).toBe(true)
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('trace')
  })

  it('traces the newest model that the ledger names, or one by its fingerprint', async () => {
    const { page } = here
    await openLedger(page)
    const form = page.getByRole('form', { name: 'Where does this model come from?' })
    const traced = async () => (await callsOf(page)).filter(call => call.startsWith('trace '))
    await form.getByLabel('Fingerprint').fill('9f2c 41d0')
    await form.getByRole('button').click()
    await form.getByText('has 64 figures').waitFor()
    expect(await traced()).toEqual([])
    await form.getByLabel('Fingerprint').fill(`${'9F2C41D0 '.repeat(8)}`)
    await form.getByRole('button').click()
    await page.locator('#trace-receipts').waitFor()
    expect(await traced()).toEqual([`trace ${'9f2c41d0'.repeat(8)}`])
    await page.locator('section[aria-labelledby=trace]').getByRole('button', { name: 'Close' }).click()
    await form.getByLabel('Fingerprint').fill('')
    await form.getByRole('button').click()
    await page.locator('#trace-receipts').waitFor()
    expect((await traced())[1]).toMatch(/^trace [0-9a-f]{64}$/u)
  })

  it('verifies everything on the worker and says what is proved and what is not', async () => {
    const { page } = here
    await openLedger(page)
    await page.getByRole('button', { name: 'Verify everything' }).click()
    await page.locator('.verdict.sound').waitFor()
    expect(await callsOf(page)).toEqual(expect.arrayContaining(['exportLedger', 'verifyLedger 5']))
    const text = await page.locator('section[aria-labelledby=verify]').textContent()
    expect(text).toMatch(/Everything holds.*What is proved.*What no file can prove.*their authors’ word/su)
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export the ledger' }).click()
    expect((await saved).suggestedFilename()).toBe('yoriai-ledger.jsonl')
  })

  it('sends credits: mistakes are named before anything is signed, decimals are exact', async () => {
    const { page } = here
    await openLedger(page)
    await page.locator('section[aria-labelledby=balances] summary').click()
    const form = page.getByRole('form', { name: 'Send credits' })
    const amount = form.getByLabel('Amount in credits')
    const acts = async () => (await callsOf(page)).filter(call => call.startsWith('act '))
    await form.getByRole('button', { name: 'Send' }).click()
    expect(await form.textContent()).toMatch(/Choose who gets the credits.*Enter an amount/su)
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('SELECT')
    await form.getByLabel('To', { exact: true }).selectOption('member-01')
    for (const [typed, fault] of [
      ['twelve', 'not a number'],
      ['1,5', 'not a number'],
      ['0.1234567', 'At most six decimals'],
      ['0', 'more than zero'],
      ['938', 'more than you have: 937.499999 credits'],
    ] as const) {
      await amount.fill(typed)
      expect(await form.textContent(), typed).toContain(fault)
      await amount.press('Enter')
    }
    expect(await acts()).toEqual([])
    await amount.fill('12.345678')
    expect(await form.textContent()).toContain('12,345,678 micro-credits')
    await form.getByLabel('What for').fill('Tea')
    await amount.press('Enter')
    await expect
      .poll(acts)
      .toEqual(['act {"type":"pay","to":"member-01","amountMicro":"12345678","memo":"Tea"}'])
    await page.locator('.toast', { hasText: '12.345678 credits to Kenji' }).waitFor()
    expect(await amount.inputValue()).toBe('')
  })

  it('says why the ledger refused a payment, and keeps what was typed', async () => {
    const { page } = here
    await openLedger(page, `${BUSY}&act=insufficient`)
    await page.locator('section[aria-labelledby=balances] summary').click()
    const form = page.getByRole('form', { name: 'Send credits' })
    await form.getByLabel('To', { exact: true }).selectOption('member-02')
    await form.getByLabel('Amount in credits').fill('1')
    await form.getByRole('button', { name: 'Send' }).click()
    await form.getByText('There are not enough credits').waitFor()
    expect(await form.getByLabel('Amount in credits').inputValue()).toBe('1')
  })
})

describe('verifying a file, outside of any room', () => {
  const here = usePage(held)
  const file = (text: string, name = 'ledger.jsonl') => ({
    name,
    mimeType: 'text/plain',
    buffer: Buffer.from(text),
  })

  it('is linked from home; a broken file names its first wrong line, another file is told apart', async () => {
    const { page } = here
    await held.stage.open(page, '', '')
    await page.locator('footer a', { hasText: /verif/iu }).click()
    await page.getByRole('heading', { name: 'Verify a ledger' }).waitFor()
    const input = page.locator('input[type=file]')
    await input.setInputFiles(file('broken'))
    await page.locator('.verdict.broken').waitFor()
    expect(await page.locator('.verdict').textContent()).toMatch(
      /does not hold.*line 48: the signature does not fit.*Author Kenji, entry 9/su,
    )
    expect(await page.evaluate(() => document.activeElement?.className)).toContain('verdict')
    await input.setInputFiles(file('not a ledger', 'cat.png'))
    await page.getByText('This is not an exported ledger of Yoriai').waitFor()
    await input.setInputFiles(file(''))
    await page.getByText('There is nothing in this file').waitFor()
    await input.setInputFiles(file('sound'))
    await page.locator('.verdict.sound').waitFor()
    expect((await callsOf(page)).filter(call => call.startsWith('verifyLedger'))).toHaveLength(3)
  })

  it('takes a file that is dropped', async () => {
    const { page } = here
    await held.stage.open(page, '', '#/verify')
    await page.evaluate(() => {
      const transfer = new DataTransfer()
      transfer.items.add(new File(['sound'], 'ledger.jsonl'))
      document
        .querySelector('.drop')!
        .dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }))
    })
    await page.locator('.verdict.sound').waitFor()
  })
})
