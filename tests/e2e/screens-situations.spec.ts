// Situations that need a plot: reloads, two rooms, a page without HTTPS, a screen that throws, bad files, a busy room. Acted
// rooms in a real browser.
import { describe, expect, it } from 'vitest'
import { callsOf, seriousFindings, usePage, useStage } from '../tools/screens.ts'
import { LINK_HASH } from '../ui/fake-data.ts'
import { enter } from '../ui/stage.ts'

const held = useStage()

describe('situations', () => {
  const here = usePage(held)

  it('a reload comes back into the room without the green room', async () => {
    const { page } = here
    await held.stage.open(page, 'resumable')
    await page.locator('nav a[aria-current=page]').waitFor()
    expect(await callsOf(page)).toEqual(['join trainer Hana 0'])
  })

  it('at home, an interrupted stay waits for a click', async () => {
    const { page } = here
    await held.stage.open(page, 'resumable', '')
    const goOn = page.getByRole('button', { name: 'Go on in the room' })
    await goOn.waitFor()
    expect(await callsOf(page)).toEqual([])
    await goOn.click()
    await page.locator('nav a[aria-current=page]').waitFor()
  })

  it('opened over plain http by a LAN address, the page says what to do', async () => {
    const { page } = here
    await held.stage.open(page, '', '', 'lan.example')
    const notice = page.locator('.notice.warn')
    expect(await notice.textContent()).toContain('npm start -- --https')
    expect(await seriousFindings(page)).toEqual([])
  })

  it('the room goes on behind the front page, and a second room must wait', async () => {
    const { page } = here
    await held.stage.open(page)
    await enter(page)
    await page.locator('a.brand').click()
    await page.locator('input[inputmode=url]').fill(LINK_HASH.replace('mK4', 'nK4'))
    await page.locator('input[inputmode=url]').press('Enter')
    await page.getByRole('heading', { name: 'already in another room' }).waitFor()
    await page.getByRole('button', { name: 'Back to the room' }).first().click()
    await page.locator('nav a[aria-current=page]').waitFor()
    expect((await callsOf(page)).filter(call => call.startsWith('join')).length).toBe(1)
  })

  it('a screen that throws says so and leaves the room alone', async () => {
    const { page } = here
    await held.stage.open(page)
    await enter(page)
    // Not a state that the port allows: it stands for any mistake in a screen.
    await page.evaluate(() => window.fake.session!.push({ history: null as never }))
    await page.getByRole('heading', { name: 'This screen stumbled' }).waitFor()
    expect(await seriousFindings(page)).toEqual([])
    expect(await callsOf(page)).not.toContain('close')
    await page.evaluate(() => window.fake.session!.push({ history: [] }))
    await page.getByRole('button', { name: 'Show it again' }).click()
    await page.locator('nav a[aria-current=page]').waitFor()
    held.stage.complaints.splice(0)
  })

  it('own files: a bad line is named, what was loaded stays, the room is made of it', async () => {
    const { page } = here
    const rows = Array.from(
      { length: 60 },
      (_, i) => `${i % 7},${(i * 3) % 11},${i % 3 === 0 ? 'setosa' : 'virginica'}`,
    )
    const csv = (lines: readonly string[]) => ({
      name: 'iris.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(['length,width,species', ...lines].join('\n')),
    })
    await held.stage.open(page, '', '')
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
    const created = (await callsOf(page)).find(call => call.startsWith('createRoom'))!
    expect(JSON.parse(created.replace('createRoom ', ''))).toMatchObject({
      task: 'own',
      classes: ['setosa', 'virginica'],
      model: { input: [2] },
    })
  })

  it('updates four times a second with long curves and many members leave the page free', async () => {
    const { page } = here
    await held.stage.open(page, 'members=40&round=2000')
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
