// One window of VS Code in Chromium, driven over standard input: a line of JSON asks
// ({"do": name, ...}), a line of JSON answers ({"result": ...} or {"error": text}).
// Argument: the folder that install_vscode.sh prints.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';

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
const WAIT_MS = Number(process.env.SC2_E2E_WAIT_MS ?? 120_000);
const ATTEMPT_MS = 10_000;
page.setDefaultTimeout(WAIT_MS);

// Counted by the page itself, so that no action can click and not be counted.
await page.addInitScript(() => {
  window.nClicks = 0;
  window.addEventListener('mousedown', () => (window.nClicks += 1), true);
});

/** The ghost text on the page: what stands in the line of the cursor, then the lines below it. */
function readGhost() {
  const all = (root, part) => [...root.querySelectorAll(part)];
  const texts = (root, part) => all(root, part).map((found) => found.textContent).join('');
  const below = all(document, '.suggest-preview-text .view-line');
  return [
    texts(document, '.view-lines [class*="ghost-text-decoration"]'),
    ...below.map((line) => texts(line, '.ghost-text')),
  ].join('\n');
}
await page.addInitScript(`window.readGhost = ${readGhost}`);

// Editors show blanks as no-break spaces.
const plain = (text) => text.replaceAll('\u00a0', ' ').replaceAll('\u200b', '');
const shown = (selector) => page.locator(selector).filter({ visible: true });
const STILL_FRAMES = 5;
const EDITOR = '.editor-group-container.active';

/** Does what VS Code may not be ready for until it works, as a person would. */
async function again(attempt, recover = async () => {}) {
  const lastMs = Date.now() + WAIT_MS - ATTEMPT_MS;
  for (;;) {
    try {
      return await attempt(ATTEMPT_MS);
    } catch (error) {
      if (Date.now() > lastMs) throw error;
      await recover();
    }
  }
}

const actions = {
  async open({ url }) {
    await page.goto(url);
    await page.locator('.monaco-workbench .statusbar').waitFor();
  },
  async trust({ yes }) {
    await page.getByRole('button', { name: yes ? /Yes, I trust/ : /No, I don't/ }).click();
  },
  /** Opens a file of the tree, which shows it once VS Code has noticed it on the disk. */
  async file({ name }) {
    const row = shown('.explorer-folders-view .monaco-list-row');
    await row.filter({ has: page.getByText(name, { exact: true }) }).dblclick();
    await actions.tab({ name });
  },
  /** Waits until the tab with that name is the active one, and what it shows gets the keys. */
  async tab({ name }) {
    await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
    await shown(`${EDITOR} .monaco-editor.focused, .notebook-editor .monaco-list-row.focused`)
      .first()
      .waitFor();
    // A new editor gets what asks for suggestions only once the page has nothing else to do; what
    // is typed before is not asked about. Such work is done in the order in which it came.
    await page.evaluate(() => new Promise((done) => requestIdleCallback(() => done())));
  },
  async tabNow() {
    return page.locator(`${EDITOR} .tab.active`).getAttribute('data-resource-name');
  },
  /** The entry of the quick pick that begins with `label`, after `text` was typed. */
  async quick({ text, label }) {
    await page.keyboard.press(text.startsWith('>') ? 'F1' : 'Control+KeyP');
    const input = page.locator('.quick-input-widget input[type=text]');
    await input.waitFor();
    await input.fill(text);
    await actions.pick({ label });
  },
  /** Runs a command of the palette, by keys alone; the title has its category before it. */
  async command({ title }) {
    const first = shown('.quick-input-list .monaco-list-row.focused .label-name');
    const wanted = first.filter({ hasText: new RegExp(`^${title}$`) });
    // The list does not grow by commands that VS Code learns of while it is open.
    const look = async (timeout) => {
      await page.keyboard.press('F1');
      const input = page.locator('.quick-input-widget input[type=text]');
      await input.waitFor({ timeout });
      await input.fill(`>${title}`, { timeout });
      await wanted.waitFor({ timeout });
    };
    await again(look, () => page.keyboard.press('Escape'));
    await page.keyboard.press('Enter');
  },
  async pick({ label }) {
    const entry = shown('.quick-input-list .monaco-list-row').filter({ hasText: label }).first();
    await entry.click();
  },
  /** Labels, descriptions and details of what a quick pick offers. */
  async entries() {
    const rows = shown('.quick-input-list .monaco-list-row');
    // The list is drawn anew when it is filled.
    return again(async (timeout) => {
      await rows.first().waitFor({ timeout });
      const texts = (await rows.allInnerTexts()).map(plain);
      if (texts.length === 0) throw new Error('the list is empty');
      return texts;
    });
  },
  /** Names a file in VS Code's own file dialog, and presses its button once the file is listed. */
  async answer({ text, button }) {
    const input = page.locator('.quick-input-widget input[type=text]');
    const row = shown('.quick-input-list .monaco-list-row');
    const pressed = page.locator('.quick-input-widget .monaco-button').getByText(button);
    // The dialog begins with a folder of its own, and writes that over what was typed before.
    await row.first().waitFor();
    await again(async (timeout) => {
      await input.fill(text, { timeout });
      await row.filter({ hasText: basename(text) }).first().waitFor({ timeout });
    });
    await pressed.click();
    await pressed.waitFor({ state: 'hidden' });
  },
  async press({ key }) {
    await page.keyboard.press(key);
  },
  async type({ text, delay = 30 }) {
    await page.keyboard.type(text, { delay });
  },
  /** As from a clipboard or an input method: any characters, at once. */
  async insert({ text }) {
    await page.keyboard.insertText(text);
  },
  async click({ selector, text, button = 'left' }) {
    const found = shown(selector);
    await (text === undefined ? found : found.filter({ hasText: text })).first().click({ button });
  },
  async appears({ selector, text }) {
    const found = shown(selector);
    await (text === undefined ? found : found.filter({ hasText: text })).first().waitFor();
  },
  async textOf({ selector }) {
    return plain(await shown(selector).first().innerText());
  },
  async clicks() {
    return page.evaluate(() => window.nClicks);
  },
  /** The ghost text, once there is some that stays, and another than `not` where that is given. */
  async ghost({ not = null }) {
    const found = await page.waitForFunction(
      ([other, nFrames]) => {
        const text = window.readGhost();
        const last = (window.lastGhost ??= { text: '', n: 0 });
        // It is drawn in parts, so one that was just begun is not the whole.
        window.lastGhost = { text, n: last.text === text ? last.n + 1 : 1 };
        const isNew = text !== '' && text.replaceAll('\u00a0', ' ') !== other;
        return isNew && window.lastGhost.n >= nFrames && text;
      },
      [not, STILL_FRAMES],
    );
    return plain(await found.jsonValue());
  },
  /** Waits until the ghost text is `text`. */
  async ghostIs({ text }) {
    await page.waitForFunction(
      (wanted) => window.readGhost().replaceAll('\u00a0', ' ') === wanted,
      text,
    );
  },
  /** When a key came and the ghost text after it, in milliseconds since 1970; null after 3 s. */
  async keyToGhost({ key }) {
    // The listener is there before the key is pressed.
    await page.evaluate(() => {
      window.ghostAfter = new Promise((done) => {
        let began;
        window.addEventListener('keydown', () => (began = performance.now()), {
          capture: true,
          once: true,
        });
        setTimeout(() => done(null), 3000);
        const look = () => {
          if (began === undefined || window.readGhost() === '') requestAnimationFrame(look);
          else done([began, performance.now()].map((at) => performance.timeOrigin + at));
        };
        look();
      });
    });
    await page.keyboard.type(key);
    return page.evaluate(() => window.ghostAfter);
  },
  async ghostNow() {
    return plain(await page.evaluate(() => window.readGhost()));
  },
  async noGhost() {
    await page.waitForFunction(() => window.readGhost() === '');
  },
  /** The labels of the list of completions, once it is open. */
  async suggestions() {
    const rows = shown('.suggest-widget.visible .monaco-list-row .label-name');
    await rows.first().waitFor();
    return rows.allInnerTexts();
  },
  /** Waits until the status item says `text`. */
  async status({ text, seconds }) {
    const item = page.locator(`[id$="sc2.status"] a[aria-label*="${text}"]`);
    await item.waitFor(seconds && { timeout: 1000 * seconds });
  },
  async statusNow() {
    return page.locator('[id$="sc2.status"] a').getAttribute('aria-label');
  },
  /** Opens the menu. The item is drawn anew now and then, and a click on the old one is lost. */
  async clickStatus() {
    await again(async (timeout) => {
      await page.locator('[id$="sc2.status"] a').click({ timeout });
      await shown('.quick-input-widget').waitFor({ timeout });
    });
  },
  /** Waits for a notification that contains `text`; presses its `button` where one is named. */
  async notification({ text, button }) {
    const box = shown('.notification-toast').filter({ hasText: text }).first();
    await box.waitFor();
    const all = await box.locator('.notification-list-item-message').innerText();
    if (button) await box.getByRole('button', { name: button }).click();
    return plain(all);
  },
  /** Waits until the active editor shows `text`. */
  async shows({ text }) {
    await page.waitForFunction(
      ([wanted, editor]) =>
        [...document.querySelectorAll(`${editor} .view-line`)]
          .map((line) => line.textContent.replaceAll('\u00a0', ' '))
          .some((line) => line.includes(wanted)),
      [text, EDITOR],
    );
  },
  /** The lines of the active editor that are drawn, from above. */
  async lines() {
    const found = await page.$$eval(`${EDITOR} .view-lines > .view-line`, (lines) =>
      lines
        .map((line) => ({ top: parseFloat(line.style.top), text: line.textContent }))
        .sort((a, b) => a.top - b.top)
        .map(({ text }) => text),
    );
    return found.map(plain);
  },
  /** Waits until the active file has no changes that are not on the disk. */
  async saved() {
    await page.locator(`${EDITOR} .tab.active:not(.dirty)`).waitFor();
  },
  /** How many animation frames the page draws in `ms` milliseconds. */
  async frames({ ms }) {
    return page.evaluate(
      (wanted) =>
        new Promise((done) => {
          const begin = performance.now();
          let n = 0;
          const count = () =>
            performance.now() - begin < wanted ? ((n += 1), requestAnimationFrame(count)) : done(n);
          requestAnimationFrame(count);
        }),
      ms,
    );
  },
  async size({ width, height }) {
    await page.setViewportSize({ width, height });
  },
  async screenshot({ path }) {
    await page.screenshot({ path });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...args } = JSON.parse(line);
  let answer;
  try {
    answer = { result: (await actions[name](args)) ?? null };
  } catch (error) {
    answer = { error: `${name}: ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
