// One window of VS Code in Chromium, driven over standard input: a line of JSON asks
// ({"do": name, ...}), a line of JSON answers ({"result": ...} or {"error": text}).
// Argument: the folder that install_vscode.sh prints.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { chromium } = createRequire(join(process.argv[2], 'package.json'))('playwright-core');
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
const page = await browser.newPage({ viewport: { width: 1200, height: 760 } });
page.setDefaultTimeout(90_000);

// Editors show blanks as no-break spaces.
const plain = (text) => text.replaceAll('\u00a0', ' ').replaceAll('\u200b', '');
const shown = (selector) => page.locator(selector).filter({ visible: true });

const actions = {
  async open({ url }) {
    await page.goto(url);
    await page.locator('.monaco-workbench .statusbar').waitFor();
  },
  async trust({ yes }) {
    await page.getByRole('button', { name: yes ? /Yes, I trust/ : /No, I don't/ }).click();
  },
  async file({ name }) {
    await actions.quick({ text: name, label: name });
    await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
    await page.locator('.editor-group-container.active .view-lines').first().waitFor();
  },
  /** The entry of the quick pick that begins with `label`, after `text` was typed. */
  async quick({ text, label }) {
    await page.keyboard.press(text.startsWith('>') ? 'F1' : 'Control+KeyP');
    const input = page.locator('.quick-input-widget input[type=text]');
    await input.waitFor();
    await input.fill(text);
    await actions.pick({ label });
  },
  async command({ title }) {
    await actions.quick({ text: `>${title}`, label: title });
  },
  async pick({ label }) {
    const entry = shown('.quick-input-list .monaco-list-row').filter({ hasText: label }).first();
    await entry.click();
  },
  async entries() {
    const rows = shown('.quick-input-list .monaco-list-row .label-name');
    await rows.first().waitFor();
    return rows.allInnerTexts();
  },
  async press({ key }) {
    await page.keyboard.press(key);
  },
  async type({ text }) {
    await page.keyboard.type(text, { delay: 30 });
  },
  /** The ghost text, once there is some. */
  async ghost() {
    const parts = shown('.editor-group-container.active .view-lines [class*="ghost-text"]');
    await parts.first().waitFor();
    return plain((await parts.allTextContents()).join(''));
  },
  async noGhost() {
    const parts = '.editor-group-container.active .view-lines [class*="ghost-text"]';
    await page.waitForFunction((selector) => !document.querySelector(selector), parts);
  },
  /** Waits until the status item says `text`. */
  async status({ text }) {
    await page.locator(`[id$="sc2.status"] a[aria-label*="${text}"]`).waitFor();
  },
  async statusNow() {
    return page.locator('[id$="sc2.status"] a').getAttribute('aria-label');
  },
  async clickStatus() {
    await page.locator('[id$="sc2.status"] a').click();
  },
  /** Waits for a notification that contains `text`; presses its `button` where one is named. */
  async notification({ text, button }) {
    const box = shown('.notification-toast').filter({ hasText: text }).first();
    await box.waitFor();
    const all = await box.locator('.notification-list-item-message').innerText();
    if (button) await box.getByRole('button', { name: button }).click();
    return all;
  },
  /** Waits until the active editor shows `text`. */
  async shows({ text }) {
    await page.waitForFunction(
      (wanted) =>
        [...document.querySelectorAll('.editor-group-container.active .view-line')]
          .map((line) => line.textContent.replaceAll('\u00a0', ' '))
          .some((line) => line.includes(wanted)),
      text,
    );
  },
  /** Waits until the active file has no changes that are not on the disk. */
  async saved() {
    await page.locator('.tab.active:not(.dirty)').waitFor();
  },
  async screenshot({ path }) {
    await page.screenshot({ path });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, timeout, ...args } = JSON.parse(line);
  let answer;
  try {
    answer = { result: (await actions[name](args)) ?? null };
  } catch (error) {
    answer = { error: `${name}: ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
