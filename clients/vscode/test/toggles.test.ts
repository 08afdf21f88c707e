import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  changeFor,
  isOn,
  whatIsOff,
  type Change,
  type Reach,
  type Said,
  type Words,
} from '../src/toggles';

const NOTHING: Said = { everywhere: { default: true }, inLanguage: {} };

function everywhere(words: Words): Said {
  return { ...NOTHING, everywhere: { ...NOTHING.everywhere, ...words } };
}

function inLanguage(words: Words): Said {
  return { ...NOTHING, inLanguage: words };
}

function after(said: Said, reach: Reach, { level, value }: Change): Said {
  return { ...said, [reach]: { ...said[reach], [level]: value } };
}

/** What is said once somebody has turned suggestions on and off in that order. */
function turned(begin: Said, ...steps: readonly (readonly [Reach, boolean])[]): Said {
  return steps.reduce((said, [reach, wanted]) => {
    const next = after(said, reach, changeFor(said, reach, wanted));
    assert.equal(isOn(next, reach), wanted, `${reach} ${wanted}`);
    return next;
  }, begin);
}

test('suggestions are on where nobody says otherwise', () => {
  assert.equal(whatIsOff(NOTHING), undefined);
});

test('off for all languages is off in one that was turned off and on before', () => {
  const said = turned(
    NOTHING,
    ['inLanguage', false],
    ['inLanguage', true],
    ['everywhere', false],
  );
  assert.equal(whatIsOff(said), 'off');
  assert.equal(said.inLanguage.user, undefined, 'no exception is left behind');
});

test('off for all languages is off in one that its own settings turn on', () => {
  const said: Said = { everywhere: { default: true, user: false }, inLanguage: { user: true } };
  assert.equal(whatIsOff(said), 'off');
});

test('on for all languages is not on in one that is off', () => {
  const said = turned(
    NOTHING,
    ['inLanguage', false],
    ['everywhere', false],
    ['everywhere', true],
  );
  assert.equal(whatIsOff(said), 'offInLanguage');
});

for (const level of ['workspace', 'folder'] as const) {
  for (const wanted of [true, false]) {
    test(`what a ${level} says is changed there, to ${wanted ? 'on' : 'off'}`, () => {
      const change = { level, value: wanted };
      assert.deepEqual(changeFor(everywhere({ [level]: !wanted }), 'everywhere', wanted), change);
      assert.deepEqual(changeFor(inLanguage({ [level]: !wanted }), 'inLanguage', wanted), change);
    });
  }
}

test('the folder counts for more than the workspace', () => {
  const said = everywhere({ user: true, workspace: true, folder: false });
  assert.equal(whatIsOff(said), 'off');
  assert.equal(changeFor(said, 'everywhere', true).level, 'folder');
});

test('a language that others than the user have turned off needs a word of the user', () => {
  const said = inLanguage({ default: false });
  assert.deepEqual(changeFor(said, 'inLanguage', true), { level: 'user', value: true });
  turned(said, ['inLanguage', true], ['inLanguage', false]);
});
