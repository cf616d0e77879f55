// Everything that one does in a room by keyboard alone, on acted rooms in a real browser; drawing by pointer too.
import { describe, expect, it } from 'vitest'
import { callsOf, enterByKeys, focusedText, go, tabTo, usePage, useStage } from '../tools/screens.ts'

const held = useStage()

describe('by keyboard alone, in the room', () => {
  const here = usePage(held)

  it('space pauses and resumes, but not in text fields nor where it operates something', async () => {
    const { page } = here
    await held.stage.open(page)
    await enterByKeys(page)
    const pauses = async () => (await callsOf(page)).filter(call => call.startsWith('setPaused'))
    await page.keyboard.press('Space')
    expect(await pauses()).toEqual(['setPaused true'])
    expect(await page.locator('.bar .chip').textContent()).toBe('Paused')
    expect(await page.locator('[aria-live=polite]').first().textContent()).toContain('no longer computes')
    await page.keyboard.press('Space')
    expect(await pauses()).toEqual(['setPaused true', 'setPaused false'])

    // A disclosure reached by keyboard opens; the same one clicked by mouse leaves space to the pause.
    await tabTo(page, 'summary')
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
    await tabTo(page, 'button.pause', 'Shift+Tab')
    await page.keyboard.press('Enter')
    expect((await pauses()).length).toBe(5)
    await tabTo(page, '#effort')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    expect((await callsOf(page)).at(-1)).toBe('setEffort 0.8')
    await page.keyboard.press('Space')
    expect((await pauses()).length).toBe(6)
  })

  it('draws a digit, asks three models, and teaches', async () => {
    const { page } = here
    await held.stage.open(page)
    await enterByKeys(page)
    await tabTo(page, 'nav a[href$="/try"]', 'Shift+Tab')
    await page.keyboard.press('Enter')
    await tabTo(page, '[role=application]')
    await page.keyboard.press('ArrowUp')
    expect(await callsOf(page)).not.toContain('predict')
    await page.keyboard.press('d')
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowDown')
    await page.keyboard.press('d')
    await expect.poll(() => callsOf(page)).toContain('predict')
    await expect.poll(() => page.locator('tbody .num').first().textContent()).toMatch(/%/)
    await tabTo(page, 'select')
    await page.keyboard.press('7')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await expect.poll(() => callsOf(page)).toContain('addExamples 7 784')
    expect(await page.locator('.toast').textContent()).toContain('as 7')
    await tabTo(page, '[role=application]', 'Shift+Tab')
    await page.keyboard.press('c')
    await expect.poll(() => page.locator('tbody .num').first().textContent()).toBe('')
    await tabTo(page, 'ul button')
    await page.keyboard.press('Space')
    expect(await page.locator('[role=status]', { hasText: 'Label' }).textContent()).toContain('0')
    expect((await callsOf(page)).some(call => call.startsWith('setPaused'))).toBe(false)
  })

  it('draws by pointer too', async () => {
    const { page } = here
    await held.stage.open(page)
    await enterByKeys(page)
    await go('try')(page)
    const box = (await page.locator('[role=application]').boundingBox())!
    await page.mouse.move(box.x + 60, box.y + 40)
    await page.mouse.down()
    await page.mouse.move(box.x + 90, box.y + 200, { steps: 8 })
    await page.mouse.up()
    await expect.poll(() => callsOf(page)).toContain('predict')
    expect(await page.locator('figure canvas').count()).toBe(1)
  })

  it('leaves with model and receipt, deletes everything, and is home', async () => {
    const { page } = here
    await held.stage.open(page)
    await enterByKeys(page)
    await tabTo(page, 'nav a[href$="/leave"]', 'Shift+Tab')
    await page.keyboard.press('Enter')
    await tabTo(page, '.card .btn')
    const model = page.waitForEvent('download')
    await page.keyboard.press('Enter')
    expect((await model).suggestedFilename()).toBe('model.safetensors')
    await tabTo(page, '.btn.danger')
    await page.keyboard.press('Enter')
    await tabTo(page, 'dialog .danger')
    await page.keyboard.press('Enter')
    await page.locator('#receipt').waitFor()
    expect(await focusedText(page)).toContain('You have left')
    expect(await callsOf(page)).toContain('leave')
    const receipt = page.waitForEvent('download')
    await page.locator('section[aria-labelledby=receipt] .btn').focus()
    await page.keyboard.press('Enter')
    expect((await receipt).suggestedFilename()).toBe('yoriai-receipt-Qy3pD0m9.json')
    // The model is still to be had, though the session has ended.
    const before = (await callsOf(page)).filter(call => call.startsWith('exportModel')).length
    const again = page.waitForEvent('download')
    await page.locator('section[aria-labelledby=take-model] .btn').first().focus()
    await page.keyboard.press('Enter')
    await again
    expect((await callsOf(page)).filter(call => call.startsWith('exportModel')).length).toBe(before)
    await tabTo(page, '.btn.danger')
    await page.keyboard.press('Enter')
    await tabTo(page, 'dialog .danger')
    await page.keyboard.press('Enter')
    await page.locator('input[name=task]').first().waitFor()
    expect(await callsOf(page)).toContain('deleteEverything')
    expect(await page.evaluate(() => localStorage.length)).toBe(0)
  })
})
