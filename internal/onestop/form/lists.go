package form

import (
	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
)

// builtinLists are the code lists that every form may use, each with its codes in
// the order of the official list; labels stand in the messages under form.list.
//
//nolint:gochecknoglobals // immutable table
var builtinLists = map[string][]string{
	"sex": {"male", "female"},
	// Official codes of the 54 peoples (General Statistics Office, 1979), then others.
	"ethnicity": {
		"01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16", "17", "18",
		"19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32", "33", "34", "35", "36",
		"37", "38", "39", "40", "41", "42", "43", "44", "45", "46", "47", "48", "49", "50", "51", "52", "53", "54",
		"55",
	},
	// ISO 3166-1 alpha-2; a state that is not named here is "other".
	"nationality": {
		"VN", "AU", "CA", "CN", "CU", "CZ", "DE", "ES", "FR", "GB", "HK", "HU", "ID", "IN", "IT", "JP", "KH", "KR",
		"LA", "MM", "MY", "NG", "NL", "PH", "PK", "PL", "RU", "SE", "SG", "SK", "TH", "TW", "UA", "US", "other",
	},
	// Banks by the number under which NAPAS routes transfers to them, the larger first.
	"bank": {
		"970436", "970415", "970418", "970405", "970422", "970407", "970416", "970432", "970423", "970403",
		"970437", "970441", "970443", "970426", "970448", "970440", "970449", "970431", "970428", "970409",
		"970412", "970425", "970429", "970433", "970419", "970452", "970454", "970438", "970400", "970430",
		"970446", "970434", "970421", "970424", "970457", "970458", "458761", "970410", "970439", "422589",
		"other",
	},
	"relation": {"father", "mother", "grandparent", "relative", "guardian", "authorised", "organisation"},
}

// words reads labels of this package's own messages.
type words struct{ bundle *i18n.Bundle }

func ownWords() words {
	b, err := i18n.NewBundle(Messages)
	if err != nil {
		panic("form: own messages: " + err.Error()) // held by a test
	}
	return words{b}
}

func (w words) label(key string) decl.Label {
	return decl.Label{VI: w.bundle.T(i18n.VI, key), EN: w.bundle.T(i18n.EN, key)}
}

func (w words) list(name string) ([]Item, bool) {
	codes, ok := builtinLists[name]
	if !ok {
		return nil, false
	}
	items := make([]Item, len(codes))
	for i, c := range codes {
		items[i] = Item{Code: c, Label: w.label("form.list." + name + "." + c)}
	}
	return items, true
}
