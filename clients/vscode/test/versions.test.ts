import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOlder } from '../src/versions';

test('versions are compared number by number', () => {
  assert.ok(isOlder('0.1.0', '0.1.1'));
  assert.ok(isOlder('0.9.9', '0.10.0'));
  assert.ok(isOlder('0.10.0', '1.0.0'));
  assert.ok(!isOlder('1.0.0', '0.10.0'));
  assert.ok(!isOlder('0.1.0', '0.1.0'));
});

test('what is no version is neither older nor newer', () => {
  assert.ok(!isOlder('', '0.1.0'));
  assert.ok(!isOlder('0.1.0', 'unknown'));
  assert.ok(!isOlder('0.1', '0.1.1'));
});
