import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNotCompiled } from '../src/compiling';

/** What pip writes around the words of a failed build, before and since version 25. */
const AROUND = [
  (said: readonly string[]): string[] => [
    'error: subprocess-exited-with-error',
    '× Building wheel for llama-cpp-python (pyproject.toml) did not run successfully.',
    ...said.map((line) => `    ${line}`),
    'ERROR: Failed building wheel for llama-cpp-python',
  ],
  (said: readonly string[]): string[] => [
    ...said.map((line) => `    ${line}`),
    'error: failed-wheel-build-for-install',
    '× Failed to build installable wheels for some pyproject.toml based projects',
    '╰─> llama-cpp-python',
  ],
];
const WITHOUT_COMPILER = [
  ['CMake Error: CMAKE_CXX_COMPILER not set, after EnableLanguage'],
  ['No CMAKE_CXX_COMPILER could be found.'],
  ['Could not find the compiler specified in the environment variable CC:', '', 'gcc.'],
  ['Could not find compiler set in environment variable CXX:', '', 'g++.'],
  ['The CMAKE_CXX_COMPILER:', '', 'c++', '', 'is not a full path and was not found in the PATH.'],
  ['Generator', '', 'Visual Studio 17 2022', '', 'could not find any instance of Visual Studio.'],
  ['Running', '', "'nmake' '-?'", '', 'failed with:'],
  ['xcrun: error: invalid active developer path (/Library/Developer/CommandLineTools)'],
];

for (const said of WITHOUT_COMPILER) {
  test(`a compiler is missing: ${said.join(' ').trim()}`, () => {
    for (const around of AROUND) {
      assert.match(whyNotCompiled(around(said), 'linux') ?? '', /no working C\+\+ compiler/);
    }
  });
}

test('each system has its command', () => {
  const lines = AROUND.flatMap((around) => around(['CMAKE_C_COMPILER not set']));
  assert.match(whyNotCompiled(lines, 'linux') ?? '', /apt install build-essential/);
  assert.match(whyNotCompiled(lines, 'darwin') ?? '', /xcode-select --install/);
  assert.match(whyNotCompiled(lines, 'win32') ?? '', /winget install .*VCTools/);
});

test('a compiler that fails is not said to be missing', () => {
  for (const around of AROUND) {
    const why = whyNotCompiled(around(["error: expected ';' before '}' token"]), 'linux') ?? '';
    assert.match(why, /could not be compiled; the log says why/);
  }
});

test('what else fails is not said to be llama.cpp', () => {
  const lines = ['ERROR: Failed building wheel for other', 'CMAKE_C_COMPILER not set'];
  assert.equal(whyNotCompiled(lines, 'linux'), undefined);
  assert.equal(whyNotCompiled(['ERROR: No matching distribution found'], 'linux'), undefined);
});
