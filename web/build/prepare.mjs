// Turns sources that need npm's tools into plain files in .cache: the styles out of Sass,
// the fonts cut down to the letters that we write. The Go program internal/tools/assets
// calls it, then bundles what it finds there.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as sass from 'sass'
import subset from 'subset-font'

const web = join(dirname(fileURLToPath(import.meta.url)), '..')
const cache = join(web, '.cache')
const fonts = join(web, 'node_modules/@expo-google-fonts')
mkdirSync(cache, { recursive: true })

// The rules of govuk-frontend come out under our own names. Fallbacks of its custom
// properties are dropped: ours are always set.
for (const [from, to] of [['khue', 'app'], ['desk', 'desk']]) {
  const { css } = sass.compile(join(web, 'css', from + '.scss'), {
    loadPaths: [join(web, 'node_modules/govuk-frontend/dist')],
    quietDeps: true
  })
  writeFileSync(
    join(cache, to + '.css'),
    css.replaceAll('govuk-', 'kh-').replace(/var\((--kh-[a-z-]+-colour), [^()]+\)/g, 'var($1)')
  )
}

const range = (from, to) =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i)).join('')
const vietnamese = 'ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯư' + range(0x1ea0, 0x1ef9)
const letters = range(0x20, 0x7e) + vietnamese + '\u00a0\u0300\u0301\u0303\u0309\u0323§«»°·×–—‘’“”•…₫−'

const cut = [
  ['text-400', 'be-vietnam-pro/400Regular/BeVietnamPro_400Regular.ttf', letters, ['kern', 'mark', 'mkmk', 'ccmp', 'locl']],
  ['text-600', 'be-vietnam-pro/600SemiBold/BeVietnamPro_600SemiBold.ttf', letters, ['kern', 'mark', 'mkmk', 'ccmp', 'locl']],
  ['figures-400', 'inter/400Regular/Inter_400Regular.ttf', '+,-./:0123456789', ['tnum']],
  ['figures-600', 'inter/600SemiBold/Inter_600SemiBold.ttf', '+,-./:0123456789', ['tnum']]
]
for (const [name, file, text, keepFeatures] of cut) {
  const woff2 = await subset(readFileSync(join(fonts, file)), text, { targetFormat: 'woff2', noHinting: true, keepFeatures })
  writeFileSync(join(cache, name + '.woff2'), woff2)
}

// Paper needs no hinting either; bold and italic are for letters and certificates.
const paper = {
  regular: '400Regular/BeVietnamPro_400Regular.ttf',
  bold: '700Bold/BeVietnamPro_700Bold.ttf',
  italic: '400Regular_Italic/BeVietnamPro_400Regular_Italic.ttf',
  'bold-italic': '700Bold_Italic/BeVietnamPro_700Bold_Italic.ttf'
}
for (const [name, file] of Object.entries(paper)) {
  const ttf = await subset(readFileSync(join(fonts, 'be-vietnam-pro', file)), letters + range(0xa1, 0xff) + '☐☑✓', {
    targetFormat: 'truetype',
    noHinting: true,
    preserveNameIds: [0, 13, 14]
  })
  writeFileSync(join(cache, name + '.ttf'), ttf)
}
