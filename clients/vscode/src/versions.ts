/** Compares versions such as 1.2.3; of what follows the numbers nothing is known. */

/** Whether `one` comes before `other`; false where either is no version. */
export function isOlder(one: string, other: string): boolean {
  const [a, b] = [numbers(one), numbers(other)];
  if (a === undefined || b === undefined) return false;
  const at = a.findIndex((number, index) => number !== b[index]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

function numbers(version: string): readonly number[] | undefined {
  return /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
}
