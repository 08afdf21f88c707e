/**
 * Whether suggestions are given without being asked for, and what has to be written to change that.
 * Knows neither the editor nor its files.
 */

/** Where a setting may stand, the innermost first: there it counts. */
const LEVELS = ['folder', 'workspace', 'user', 'default'] as const;
export type Level = (typeof LEVELS)[number];

/** What each level says; undefined where it says nothing. */
export type Words = Readonly<Partial<Record<Level, boolean | undefined>>>;

export interface Said {
  readonly everywhere: Words;
  readonly inLanguage: Words;
}

export type Off = 'off' | 'offInLanguage';
export type Reach = 'everywhere' | 'inLanguage';

export interface Change {
  readonly level: 'user' | 'workspace' | 'folder';
  /** Undefined takes away what stands there. */
  readonly value: boolean | undefined;
}

/** What keeps suggestions away, undefined if nothing does. No language is on where all are off. */
export function whatIsOff({ everywhere, inLanguage }: Said): Off | undefined {
  if (!heard(everywhere)) return 'off';
  return heard(inLanguage) ? undefined : 'offInLanguage';
}

export function isOn(said: Said, reach: Reach): boolean {
  const off = whatIsOff(said);
  return reach === 'everywhere' ? off !== 'off' : off === undefined;
}

/**
 * What to write so that suggestions are `wanted` there. What a workspace or a folder says is
 * changed there, since it would overrule the user's settings.
 */
export function changeFor(said: Said, reach: Reach, wanted: boolean): Change {
  const words = said[reach];
  const level = innermost(words);
  const isOverruled = level === 'workspace' || level === 'folder';
  if (isOverruled && words[level] !== wanted) return { level, value: wanted };
  // An exception that says what is so anyway would outlive the next change of the rule.
  const isRule = reach === 'inLanguage' && wanted === (words.default ?? true);
  return { level: 'user', value: isRule ? undefined : wanted };
}

function innermost(words: Words): Level | undefined {
  return LEVELS.find((level) => words[level] !== undefined);
}

function heard(words: Words): boolean {
  const level = innermost(words);
  return level === undefined || (words[level] ?? true);
}
