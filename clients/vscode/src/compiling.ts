/** What it means that pip could not build llama.cpp, and what helps. Knows no editor. */

/** As CMake and setuptools say it, on all systems. */
const NO_COMPILER = [
  /CMAKE_C(XX)?_COMPILER not set/,
  /No CMAKE_C(XX)?_COMPILER could be found/,
  /Could not find (the )?compiler (specified|set) in (the )?environment variable\s+C(C|XX)\b/,
  /The CMAKE_C(XX)?_COMPILER:[^:]*not a full path/,
  /is not able to compile a simple test program/,
  /could not find any instance of Visual Studio/,
  /Unable to find a compatible Visual Studio/,
  /Microsoft Visual C\+\+ [\d.]+ or greater is required/,
  /Running\s+'nmake' '-\?'\s+failed/,
  /xcrun: error: (invalid active developer path|unable to find utility)/,
  /xcode-select: (error|note): no developer tools/,
];
const NOT_BUILT =
  /(Failed building wheel for|Building wheel for|Could not build wheels for|╰─>) llama[-_]cpp[-_]python/;

const COMPILERS: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'xcode-select --install',
  win32:
    'winget install Microsoft.VisualStudio.2022.BuildTools --override "--passive --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended"',
};
const USUAL = 'Debian, Ubuntu: apt install build-essential; Fedora: dnf install gcc-c++';

/** Why llama.cpp was not built, of what a failed pip wrote; undefined if that is not what failed. */
export function whyNotCompiled(
  lines: readonly string[],
  platform: NodeJS.Platform,
): string | undefined {
  const text = lines.join('\n');
  if (!NOT_BUILT.test(text)) return undefined;
  if (!NO_COMPILER.some((sign) => sign.test(text))) {
    return 'llama.cpp could not be compiled; the log says why. It can also be installed without compiling.';
  }
  const how = COMPILERS[platform] ?? USUAL;
  return `llama.cpp is compiled during installation, and no working C++ compiler was found. Install one (${how}) and try again, or install without compiling.`;
}
