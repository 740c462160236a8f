package feel

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"
)

// classRanges are the pairs of first and last character of a class text.
func classRanges(set string) ([]rune, bool) {
	re, err := syntax.Parse(set, syntax.Perl|syntax.UnicodeGroups)
	if err != nil {
		return nil, false
	}
	switch re.Op {
	case syntax.OpCharClass:
		return re.Rune, true
	case syntax.OpLiteral:
		if len(re.Rune) == 1 {
			return []rune{re.Rune[0], re.Rune[0]}, true
		}
	case syntax.OpAnyChar:
		return []rune{0, unicode.MaxRune}, true
	case syntax.OpNoMatch:
		return nil, true
	}
	return nil, false
}

// inverse is every character outside the ranges, which are sorted.
func inverse(ranges []rune) []rune {
	var out []rune
	next := rune(0)
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i] > next {
			out = append(out, next, ranges[i]-1)
		}
		next = max(next, ranges[i+1]+1)
	}
	if next <= unicode.MaxRune {
		out = append(out, next, unicode.MaxRune)
	}
	return out
}

func classText(ranges []rune) string {
	var b strings.Builder
	for i := 0; i+1 < len(ranges); i += 2 {
		fmt.Fprintf(&b, `\x{%X}-\x{%X}`, ranges[i], ranges[i+1])
	}
	return b.String()
}

// complement is the inside of the class that holds all other characters.
func complement(set string) string {
	ranges, ok := classRanges("[" + set + "]")
	if !ok {
		return ""
	}
	return classText(inverse(ranges))
}

// subtractClass is class a without class b.
func subtractClass(a, b string) (string, bool) {
	x, ok1 := classRanges(a)
	y, ok2 := classRanges(b)
	if !ok1 || !ok2 {
		return "", false
	}
	// a without b is everything that is neither outside a nor in b.
	joined, ok := classRanges("[" + classText(inverse(x)) + classText(y) + "]")
	if !ok {
		return "", false
	}
	rest := inverse(joined)
	if len(rest) == 0 {
		return `[^\x{0}-\x{10FFFF}]`, true
	}
	return "[" + classText(rest) + "]", true
}

// unicodeBlocks are the blocks that patterns name by \p{Is…}.
//
//nolint:gochecknoglobals // immutable
var unicodeBlocks = map[string]string{
	"BasicLatin":                          `\x{0}-\x{7F}`,
	"Latin-1Supplement":                   `\x{80}-\x{FF}`,
	"LatinExtended-A":                     `\x{100}-\x{17F}`,
	"LatinExtended-B":                     `\x{180}-\x{24F}`,
	"IPAExtensions":                       `\x{250}-\x{2AF}`,
	"SpacingModifierLetters":              `\x{2B0}-\x{2FF}`,
	"CombiningDiacriticalMarks":           `\x{300}-\x{36F}`,
	"Greek":                               `\x{370}-\x{3FF}`,
	"GreekandCoptic":                      `\x{370}-\x{3FF}`,
	"Cyrillic":                            `\x{400}-\x{4FF}`,
	"Armenian":                            `\x{530}-\x{58F}`,
	"Hebrew":                              `\x{590}-\x{5FF}`,
	"Arabic":                              `\x{600}-\x{6FF}`,
	"Devanagari":                          `\x{900}-\x{97F}`,
	"Thai":                                `\x{E00}-\x{E7F}`,
	"Lao":                                 `\x{E80}-\x{EFF}`,
	"Khmer":                               `\x{1780}-\x{17FF}`,
	"LatinExtendedAdditional":             `\x{1E00}-\x{1EFF}`,
	"GreekExtended":                       `\x{1F00}-\x{1FFF}`,
	"GeneralPunctuation":                  `\x{2000}-\x{206F}`,
	"SuperscriptsandSubscripts":           `\x{2070}-\x{209F}`,
	"CurrencySymbols":                     `\x{20A0}-\x{20CF}`,
	"LetterlikeSymbols":                   `\x{2100}-\x{214F}`,
	"NumberForms":                         `\x{2150}-\x{218F}`,
	"Arrows":                              `\x{2190}-\x{21FF}`,
	"MathematicalOperators":               `\x{2200}-\x{22FF}`,
	"BoxDrawing":                          `\x{2500}-\x{257F}`,
	"CJKSymbolsandPunctuation":            `\x{3000}-\x{303F}`,
	"Hiragana":                            `\x{3040}-\x{309F}`,
	"Katakana":                            `\x{30A0}-\x{30FF}`,
	"CJKUnifiedIdeographs":                `\x{4E00}-\x{9FFF}`,
	"HangulSyllables":                     `\x{AC00}-\x{D7A3}`,
	"PrivateUse":                          `\x{E000}-\x{F8FF}`,
	"CombiningHalfMarks":                  `\x{FE20}-\x{FE2F}`,
	"HalfwidthandFullwidthForms":          `\x{FF00}-\x{FFEF}`,
	"CombiningMarksforSymbols":            `\x{20D0}-\x{20FF}`,
	"CombiningDiacriticalMarksforSymbols": `\x{20D0}-\x{20FF}`,
}
