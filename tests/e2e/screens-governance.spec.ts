// Governance at work, on acted rooms in a real browser: orders with reasons, signatures, licences, vouching, new terms, what
// is said of refusal; and the limits of a new room.
import type { Page } from 'playwright'
import { describe, expect, it } from 'vitest'
import { callsOf, go, tabTo, usePage, useStage } from '../tools/screens.ts'
import { enter } from '../ui/stage.ts'

const held = useStage()
const BUSY = 'rule=busy&members=6'

async function openGovernance(page: Page, query = BUSY): Promise<void> {
  await held.stage.open(page, query)
  await enter(page)
  await go('governance')(page)
  await page.locator('#compute').waitFor()
}
async function actsOf(page: Page): Promise<unknown[]> {
  return (await callsOf(page)).flatMap(call =>
    call.startsWith('act ') ? [JSON.parse(call.replace('act ', '')) as unknown] : [],
  )
}
const fold = (page: Page, name: string) => page.locator('.folds > details', { hasText: name })
async function unfold(page: Page, name: string) {
  const details = fold(page, name)
  await details.locator('summary').first().click()
  return details
}

describe('governance', () => {
  const here = usePage(held)

  it('pauses the room by keyboard, with a reason, which is another thing than pausing the tab', async () => {
    const { page } = here
    await openGovernance(page)
    expect(await page.locator('.refusal').textContent()).toContain(
      'What it computes is refused by everybody here: not mixed, not paid.',
    )
    await page.locator('.bar').getByRole('button', { name: 'Pause this tab' }).waitFor()
    await tabTo(page, '.btn.large')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('TEXTAREA')
    await page.keyboard.press('Escape')
    expect(await page.locator('textarea').count()).toBe(0)
    await page.locator('.btn.large').click()
    await page.locator('section[aria-labelledby=compute] button[type=submit]').click()
    expect(await page.locator('section[aria-labelledby=compute]').textContent()).toContain(
      'Please give a reason',
    )
    await page.keyboard.type('Too hot in here')
    await page.locator('section[aria-labelledby=compute] button[type=submit]').click()
    await expect
      .poll(() => actsOf(page))
      .toEqual([{ type: 'order', action: 'pause', target: '', reason: 'Too hot in here' }])
    await page.locator('.toast', { hasText: 'It waits for 1 more signature' }).waitFor()
    expect((await callsOf(page)).some(call => call.startsWith('setPaused'))).toBe(false)
  })

  it('a single guardian holds it for a minute, once', async () => {
    const { page } = here
    await openGovernance(page, '')
    expect(await page.locator('section[aria-labelledby=compute]').textContent()).toContain(
      'You are the only guardian',
    )
    await page.getByRole('button', { name: 'Hold for 60 seconds' }).click()
    await page.locator('textarea').fill('Look at the curves')
    await page.getByRole('button', { name: 'Hold for 60 seconds' }).click()
    await expect.poll(() => actsOf(page)).toEqual([{ type: 'hold', reason: 'Look at the curves' }])
    await page.evaluate(() => {
      const { session } = window.fake
      session!.push({ governance: { ...session!.view.governance, canHold: false } })
    })
    const hold = page.getByRole('button', { name: 'Hold for 60 seconds' })
    await expect.poll(() => hold.getAttribute('aria-disabled')).toBe('true')
    await page.getByText('within the last hour').waitFor()
  })

  it('another guardian’s pause is signed, not ordered twice', async () => {
    const { page } = here
    await openGovernance(page)
    await page.evaluate(() => {
      const { session } = window.fake
      const { governance } = session!.view
      const motion = {
        ...governance.motions[3]!,
        hash: 'f'.repeat(64),
        status: 'open' as const,
        signed: [governance.motions[3]!.signed[0]!],
        canSign: true,
      }
      session!.push({ governance: { ...governance, motions: [motion, ...governance.motions] } })
    })
    await page.getByRole('button', { name: 'Sign: Pause the room' }).first().click()
    await expect.poll(() => actsOf(page)).toEqual([{ type: 'endorse', subject: 'f'.repeat(64) }])
    await page.locator('.toast', { hasText: 'It is in force' }).waitFor()
  })

  it('a paused room says who, why, what happens to the work; resuming needs a reason too', async () => {
    const { page } = here
    await openGovernance(page, `${BUSY}&compute=paused`)
    expect(await page.locator('section[aria-labelledby=compute]').textContent()).toMatch(
      /Room paused.*Ordered by Kenji and Amélie.*too hot to touch.*work so far is kept.*3 signatures of 3/su,
    )
    await page.getByRole('button', { name: 'Resume the room' }).click()
    await page.locator('textarea').fill('Cool again')
    await page.getByRole('button', { name: 'Resume the room' }).click()
    await expect.poll(() => actsOf(page)).toMatchObject([{ action: 'resume', reason: 'Cool again' }])
  })

  it('who is no guardian sees whom to ask, and no button that would be refused', async () => {
    const { page } = here
    await openGovernance(page, `${BUSY}&member&compute=paused`)
    expect(await page.locator('section[aria-labelledby=compute] button').count()).toBe(0)
    expect(await page.locator('section[aria-labelledby=compute]').textContent()).toContain(
      'Only guardians can pause or resume',
    )
    for (const topic of ['Licences', 'Terms', 'Who people are']) {
      expect(await (await unfold(page, topic)).locator('form').count(), topic).toBe(0)
    }
  })

  it('the change that a signature would make is shown, and a refusal says why', async () => {
    const { page } = here
    await openGovernance(page, `${BUSY}&act=already-signed`)
    const motion = page.locator('section[aria-labelledby=motions] li').first()
    await expect.poll(() => motion.textContent()).toMatch(/Cap of the whole room.*40 GFLOP.*120 GFLOP/su)
    await motion.getByRole('button', { name: 'Sign: New terms of the room' }).click()
    await motion.getByText('You have signed this already').waitFor()
    await openGovernance(page, `${BUSY}&act=throws`)
    await motion.getByRole('button', { name: 'Sign: New terms of the room' }).click()
    await motion.getByText('could not be signed just now').waitFor()
  })

  it('meters stand against their caps, with a table and a mark at 80 per cent', async () => {
    const { page } = here
    await openGovernance(page)
    const meters = page.locator('section[aria-labelledby=meters]')
    expect(await meters.textContent()).toMatch(/The whole room\s*over 80%\s*34.1 GFLOP of 40 GFLOP \(85%\)/u)
    expect(await meters.textContent()).toMatch(/Kenji\s*used up\s*12 GFLOP of 12 GFLOP \(100%\)/u)
    await meters.locator('summary').click()
    expect(await meters.locator('tbody tr').count()).toBe(7)
  })

  it('grants a licence on devices of the member, and names what is missing', async () => {
    const { page } = here
    await openGovernance(page)
    const licences = await unfold(page, 'Licences')
    await licences.getByText('Grant a licence').click()
    const form = licences.getByRole('form', { name: 'Grant a licence' })
    await form.getByRole('button', { name: 'Sign the licence' }).click()
    expect(await form.textContent()).toMatch(/Choose a member.*Enter a number above zero/su)
    await form.getByLabel('For whom').selectOption('member-02')
    await form.getByLabel('Budget in GFLOP').fill('39.1')
    expect(await form.textContent()).toContain('about 100 rounds')
    await form.getByRole('button', { name: 'Sign the licence' }).click()
    expect(await form.textContent()).toContain('at least one device')
    expect(await actsOf(page)).toEqual([])
    await form.getByRole('checkbox').check()
    await form.getByLabel('Speed limit').fill('1.5')
    await form.getByLabel('Valid from').fill('2031-01-01T10:00')
    await form.getByLabel('Valid until').fill('2031-01-01T09:00')
    expect(await form.textContent()).toContain('The end must be after the beginning')
    await form.getByLabel('Valid until').fill('2031-01-02T10:00')
    await form.getByRole('button', { name: 'Sign the licence' }).click()
    await expect
      .poll(() => actsOf(page))
      .toMatchObject([
        {
          type: 'licence',
          subject: 'member-02',
          devices: [expect.stringMatching(/^D2/u)],
          budgetFlop: '39100000000',
          rateFlops: '1500000000',
        },
      ])
    const [{ notBeforeUnixMs, expiresUnixMs }] = (await actsOf(page)) as [Record<string, number>]
    expect(expiresUnixMs! - notBeforeUnixMs!).toBe(86_400_000)
  })

  it('revokes, vouches, hands over, evicts, asks and discloses', async () => {
    const { page } = here
    await openGovernance(page)
    const licences = await unfold(page, 'Licences')
    await licences.getByRole('button', { name: 'Revoke' }).click()
    await licences.locator('textarea').fill('Lost')
    await licences.getByRole('button', { name: 'Revoke' }).click()
    await expect.poll(() => actsOf(page)).toMatchObject([{ action: 'revoke', reason: 'Lost' }])

    const people = await unfold(page, 'Who people are')
    await people.getByText('Vouch for a member').click()
    await people.getByLabel('For whom').selectOption('member-03')
    await people.getByLabel('Who stands behind the key').fill('Yuki Tanaka')
    await people.getByRole('button', { name: 'Sign the vouching' }).click()
    await expect
      .poll(async () => (await actsOf(page))[1])
      .toEqual({ type: 'vouch', subject: 'member-03', level: 1, owner: 'Yuki Tanaka', expiresUnixMs: 0 })

    const devices = await unfold(page, 'Devices')
    await devices.getByText('Hand this device over').click()
    await devices.getByLabel('New holder').selectOption('member-01')
    await devices.getByRole('button', { name: 'Hand over' }).click()
    await expect
      .poll(async () => (await actsOf(page))[2])
      .toEqual({ type: 'transfer-device', to: 'member-01' })

    const sealing = await unfold(page, 'Sealing members')
    await sealing.getByRole('button', { name: 'Evict Priya' }).click()
    await sealing.locator('textarea').fill('Gone for good')
    await sealing.getByRole('button', { name: 'Evict', exact: true }).click()
    await expect
      .poll(async () => (await actsOf(page))[3])
      .toEqual({ type: 'evict', member: 'member-05', reason: 'Gone for good' })
    await sealing.getByText('Hand over the office of host').click()
    await sealing.getByLabel('New host').selectOption('member-02')
    await sealing.getByRole('button', { name: 'Hand over', exact: true }).click()
    await expect.poll(async () => (await actsOf(page))[4]).toEqual({ type: 'handover', to: 'member-02' })

    const disclosure = await unfold(page, 'Disclosure')
    const opening = page.waitForEvent('download')
    await disclosure.getByRole('button', { name: 'Save the opening' }).click()
    expect((await opening).suggestedFilename()).toBe('yoriai-opening.json')
    await disclosure.getByText('Ask for a name').click()
    await disclosure.getByLabel('Whose').selectOption({ label: 'Amélie, vouched for by Kenji' })
    await disclosure.locator('textarea').fill('Audit')
    await disclosure.getByRole('button', { name: 'Sign the request' }).click()
    await expect
      .poll(async () => (await actsOf(page))[5])
      .toMatchObject({ type: 'request', subject: 'member-01', reason: 'Audit' })
  })

  it('proposes new terms from those in force, and only what can be carried out', async () => {
    const { page } = here
    await openGovernance(page)
    const terms = await unfold(page, 'Terms')
    await terms.getByText('Change the terms').click()
    const form = terms.getByRole('form', { name: 'Change the terms' })
    const sign = form.getByRole('button', { name: 'Sign the new terms' })
    await form.locator('textarea').fill('More for all')
    await sign.click()
    await form.getByText('Nothing is different').waitFor()
    await form.getByRole('group', { name: 'Guardians' }).getByLabel('Amélie').uncheck()
    expect(await form.textContent()).toContain('Between 1 and the number of guardians, 2.')
    await form.getByLabel('Signatures to resume').fill('2')
    await form.getByLabel('Cap of the whole room').fill('lots')
    await sign.click()
    expect(await actsOf(page)).toEqual([])
    await form.getByLabel('Cap of the whole room').fill('99.5')
    await sign.click()
    await expect
      .poll(() => actsOf(page))
      .toMatchObject([
        {
          type: 'amend',
          reason: 'More for all',
          governance: {
            guardians: ['member-00', 'member-01'],
            quorum: 2,
            resumeQuorum: 2,
            budget: { lineageFlop: '99500000000', memberFlop: '12000000000' },
            sealing: 'host',
          },
        },
      ])
    expect(await form.count()).toBe(0)
  })

  it('searches for hidden training, compares a model, and shows what is missed', async () => {
    const { page } = here
    await openGovernance(page)
    const panel = await unfold(page, 'Detectors')
    await panel.locator('.notice', { hasText: 'What is missed' }).first().waitFor()
    expect(await panel.textContent()).toMatch(/Distillation:.*found in \d+% of the cases only/su)
    await panel.getByRole('button', { name: 'Search this ledger' }).click()
    await panel.getByText(/Searched \d+ entries/u).waitFor()
    await panel
      .locator('input[type=file]')
      .setInputFiles({ name: 'theirs.safetensors', mimeType: 'x/y', buffer: Buffer.from('1234') })
    await panel.getByText('theirs.safetensors and Saturday workshop compute alike').waitFor()
    expect(await callsOf(page)).toContain('compareModel 4 theirs.safetensors')
  })
})

describe('elsewhere', () => {
  const here = usePage(held)

  it('the room says that it is paused, that work is kept, and that one’s own pause is another', async () => {
    const { page } = here
    await held.stage.open(page, `${BUSY}&compute=paused&standing=needs-licence`)
    await enter(page)
    const notices = page.locator('.notice')
    expect(await notices.nth(0).textContent()).toMatch(
      /The room is paused.*work so far is kept.*stops only your own tab/su,
    )
    expect(await notices.nth(1).textContent()).toMatch(/You need a licence.*Ask a guardian/su)
    expect(await page.locator('.bar .chip').allTextContents()).toEqual(['Room paused'])
    await page.evaluate(() => {
      const { session } = window.fake
      const governance = session!.view.governance
      session!.push({ governance: { ...governance, compute: { status: 'running' }, standing: 'good' } })
    })
    await expect.poll(() => notices.count()).toBe(0)
    expect(await page.locator('[aria-live=polite]').first().textContent()).toContain('computes again')
  })

  it('a new room’s limits are exact; what does not fit is shown, not sent', async () => {
    const { page } = here
    await held.stage.open(page, '', '')
    await page.locator('summary', { hasText: 'Limits and oversight' }).click()
    await page.getByLabel('Of the whole room').fill('much')
    await page.locator('summary', { hasText: 'Limits and oversight' }).click()
    await page.locator('button.large').focus()
    await page.keyboard.press('Enter')
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid')))
      .toBe('true')
    expect(await callsOf(page)).toEqual([])
    await page.getByLabel('Of the whole room').fill('40.5')
    await page.getByLabel('Of one member in one round').fill('0.1')
    expect(await page.locator('.make form').textContent()).toContain('rounds would stop half-way')
    await page.locator('input[value=licensed]').check()
    await page.locator('input[value=consortium]').check()
    await page.getByLabel('Stop when no guardian').check()
    await page.getByLabel('Credits to give').fill('12.5')
    expect(await page.locator('summary', { hasText: 'Limits and oversight' }).textContent()).toContain(
      'Capped at 100 MFLOP / 40.5 GFLOP · Licensed · Sealed by everybody',
    )
    await page.locator('button.large').click()
    await page.locator('.code').waitFor()
    const [created] = await callsOf(page)
    expect(JSON.parse(created!.replace('createRoom ', ''))).toMatchObject({
      rewardMicro: '12500000',
      governance: {
        guardians: [],
        quorum: 1,
        resumeQuorum: 1,
        licensing: 'licensed',
        sealing: 'consortium',
        heartbeatMs: 30_000,
        budget: { memberFlop: '0', roundFlop: '100000000', lineageFlop: '40500000000' },
      },
    })
  })

  it('the green room shows the limits before consent', async () => {
    const { page } = here
    await held.stage.open(page, BUSY)
    const terms = page.locator('section[aria-labelledby=terms]')
    await terms.getByText('Who may pause').waitFor()
    expect(await terms.textContent()).toMatch(
      /3 guardians; 2 of them together.*30 sec.*12 GFLOP of one member.*40 GFLOP of the whole room.*Licensed.*Sealed with the host/su,
    )
  })
})
