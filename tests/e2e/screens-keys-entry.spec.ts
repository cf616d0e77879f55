// From the front page into a room by keyboard alone, on acted rooms in a real browser.
import { describe, expect, it } from 'vitest'
import { callsOf, focusedText, tabTo, usePage, useStage } from '../tools/screens.ts'
import { LINK_HASH } from '../ui/fake-data.ts'

const held = useStage()

describe('by keyboard alone, up to the room', () => {
  const here = usePage(held)

  it('creates a room: task, model, parts and a name, then the link', async () => {
    const { page } = here
    await held.stage.open(page, '', '')
    await page.keyboard.press('Tab')
    expect(await focusedText(page)).toBe('Skip to content')
    await tabTo(page, 'input[name=task]')
    await page.keyboard.press('ArrowDown')
    await tabTo(page, 'summary')
    await page.keyboard.press('Enter')
    await tabTo(page, 'input[name=model]')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await tabTo(page, 'input[type=number]')
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.type('5')
    await tabTo(page, 'input[maxlength="120"]')
    await page.keyboard.type('Evening')
    await page.keyboard.press('Enter')
    await page.locator('.code').waitFor()
    const [created] = await callsOf(page)
    const charter: unknown = JSON.parse(created!.replace('createRoom ', ''))
    expect(charter).toMatchObject({ task: 'fashion-mnist', title: 'Evening', parts: 5 })
    expect(JSON.stringify(charter)).toContain('conv2d')
    expect(await focusedText(page)).toBe('Your room is ready')

    await tabTo(page, '.code')
    await page.keyboard.press('Enter')
    expect(await page.locator('dialog[open]').count()).toBe(1)
    await page.keyboard.press('Escape')
    expect(await page.locator('dialog[open]').count()).toBe(0)
    await tabTo(page, '.btn.primary')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(LINK_HASH)
  })

  it('a number that does not fit is shown, not sent', async () => {
    const { page } = here
    await held.stage.open(page, '', '')
    await tabTo(page, 'form > details > summary')
    await page.keyboard.press('Enter')
    await page.locator('input[type=number]').last().fill('7')
    await page.locator('form > details > summary').click()
    await page.locator('button.large').focus()
    await page.keyboard.press('Enter')
    await page.locator('[aria-invalid=true]:focus').waitFor()
    expect(await callsOf(page)).toEqual([])
  })

  it('follows a link that was pasted, and says what is wrong with one that was cut off', async () => {
    const { page } = here
    await held.stage.open(page, '', '')
    await tabTo(page, 'input[inputmode=url]')
    await page.keyboard.insertText(`https://example.org/${LINK_HASH.slice(0, -4)}`)
    await page.keyboard.press('Enter')
    expect(await page.locator('[role=alert]').textContent()).toContain('cut off')
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.insertText(`https://example.org/${LINK_HASH}`)
    await page.keyboard.press('Enter')
    await page.locator('#nickname').waitFor()
    expect(await focusedText(page)).toBe('Green room')
  })

  it('nothing joins without a name, or before the terms are here', async () => {
    const { page } = here
    await held.stage.open(page)
    await page.evaluate(() => localStorage.clear())
    await held.stage.open(page)
    // A name is proposed, so that one click is enough.
    expect(await page.locator('#nickname').inputValue()).toMatch(/^Guest \d{3}$/)
    await page.locator('#nickname').fill('')
    await tabTo(page, 'button[type=submit]')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('nickname')
    await held.stage.open(page, 'preview=nobody')
    await page.locator('#nickname').fill('Hana')
    await page.keyboard.press('Enter')
    await page.locator('form.enter button[type=button]').click({ force: true })
    expect(await callsOf(page)).toEqual([])
  })

  it('joins on the part that was chosen, and remembers the name', async () => {
    const { page } = here
    await held.stage.open(page)
    await page.locator('#nickname').fill('')
    await tabTo(page, '#nickname')
    await page.keyboard.type('ゆき')
    await tabTo(page, 'input[name=data]')
    await page.keyboard.press('ArrowDown')
    await tabTo(page, 'select')
    await page.keyboard.press('ArrowDown')
    await tabTo(page, 'button[type=submit]')
    await page.keyboard.press('Enter')
    await page.locator('nav a[aria-current=page]').waitFor()
    expect(await callsOf(page)).toEqual(['join trainer ゆき 1'])
    expect(await focusedText(page)).toBe('Saturday workshop')
    await held.stage.open(page)
    expect(await page.locator('#nickname').inputValue()).toBe('ゆき')
  })

  it('switches language and appearance, and remembers both', async () => {
    const { page } = here
    await held.stage.open(page, '', '')
    await tabTo(page, 'button[lang=ja]')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('ja')
    expect(await page.locator('h1').textContent()).toContain('集まった')
    await tabTo(page, 'button.theme')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark')
    await held.stage.open(page, '', '')
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('ja')
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark')
    await page.evaluate(() => localStorage.clear())
  })
})
