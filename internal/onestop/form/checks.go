package form

import (
	"encoding/json"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// found collects what a check says of one value.
type found struct {
	key    string // message key, empty: nothing wrong
	params errs.Params
	warn   bool
}

func fault(key string, kv ...any) found {
	f := found{key: "form.error." + key}
	if len(kv) > 0 {
		f.params = make(errs.Params, len(kv)/2+1)
		for i := 0; i+1 < len(kv); i += 2 {
			f.params[kv[i].(string)] = kv[i+1]
		}
	}
	return f
}

// checkFunc brings a value to its canonical form and says what is wrong with it.
// A wrong value comes back as it was.
type checkFunc func(in *input, v any, env *Env) (any, found)

func checkText(in *input, v any, _ *Env) (any, found) {
	s, ok := v.(string)
	if !ok {
		return v, fault("type")
	}
	if len(s) > in.maxLen && utf8.RuneCountInString(s) > in.maxLen {
		return v, fault("tooLong", "max", in.maxLen)
	}
	if strings.ContainsRune(s, garbled) {
		return v, fault("garbled")
	}
	return s, found{}
}

// checkPersonName takes letters of any Latin alphabet: text of the legacy
// encodings TCVN3 and VNI shows by its signs and is refused rather than guessed.
func checkPersonName(in *input, v any, env *Env) (any, found) {
	v, f := checkText(in, v, env)
	if f.key != "" {
		return v, f
	}
	s := v.(string)
	if strings.Contains(s, "  ") {
		s = strings.Join(strings.Fields(s), " ")
	}
	letters := 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Latin, r) && unicode.IsLetter(r) && r != 'ª' && r != 'º':
			letters++
		case r == ' ' || r == '-' || r == '\'' || r == '’' || r == '.':
		default:
			return v, fault("name", "sign", string(r))
		}
	}
	if letters < 2 {
		return v, fault("nameShort")
	}
	return s, found{}
}

// checkPersonID takes 12 digits: place of registration (3), century and sex (1),
// year of birth (2), serial (6); there is no check digit (Circular 07/2016).
func checkPersonID(_ *input, v any, _ *Env) (any, found) {
	s, ok := v.(string)
	if !ok {
		return v, fault("type")
	}
	s = strip(s, " .-")
	if len(s) != 12 || !digits(s) || s[:3] == "000" {
		return v, fault("personId")
	}
	return s, found{}
}

// BirthYear is the year that is written in a personal number; 0 for any other text.
func BirthYear(personID string) int {
	if len(personID) != 12 || !digits(personID) {
		return 0
	}
	return 1900 + int(personID[3]-'0')/2*100 + int(personID[4]-'0')*10 + int(personID[5]-'0')
}

// strip takes separating signs out of a number.
func strip(s, signs string) string {
	if !strings.ContainsAny(s, signs) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(signs, r) {
			return -1
		}
		return r
	}, s)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

//nolint:gochecknoglobals // immutable table
var taxWeights = [...]int{31, 29, 23, 19, 17, 13, 7, 5, 3}

// checkTaxCode takes 10 digits with their check digit, the same with a branch of 3,
// or a personal number, which is a person's tax code since 2025-07-01.
func checkTaxCode(in *input, v any, env *Env) (any, found) {
	s, ok := v.(string)
	if !ok {
		return v, fault("type")
	}
	plain := strip(s, " -")
	switch {
	case len(plain) == 12:
		return checkPersonID(in, plain, env)
	case (len(plain) != 10 && len(plain) != 13) || !digits(plain):
		return v, fault("taxCode")
	}
	sum := 0
	for i, w := range taxWeights {
		sum += w * int(plain[i]-'0')
	}
	if 10-sum%11 != int(plain[9]-'0') {
		return v, fault("taxCode")
	}
	if len(plain) == 13 {
		plain = plain[:10] + "-" + plain[10:]
	}
	return plain, found{}
}

var (
	domesticPhone = regexp.MustCompile(`^0([35789]\d{8}|2\d{8,9})$`)
	foreignPhone  = regexp.MustCompile(`^\+[1-9]\d{7,14}$`)
	decimal       = regexp.MustCompile(`^-?(0|[1-9]\d{0,14})(\.\d{1,6})?$`)
	clockTime     = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)
	grouped       = regexp.MustCompile(`^\d{1,3}([., ]\d{3})+$`)
)

func checkPhone(_ *input, v any, _ *Env) (any, found) {
	s, ok := v.(string)
	if !ok {
		return v, fault("type")
	}
	s = strip(s, " .-()")
	if rest, ok := strings.CutPrefix(s, "+84"); ok {
		s = "0" + strings.TrimPrefix(rest, "0")
	}
	if !domesticPhone.MatchString(s) && !foreignPhone.MatchString(s) {
		return v, fault("phone")
	}
	return s, found{}
}

func checkEmail(_ *input, v any, _ *Env) (any, found) {
	s, ok := v.(string)
	if !ok {
		return v, fault("type")
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 || !strings.Contains(s[strings.LastIndexByte(s, '@')+1:], ".") {
		return v, fault("email")
	}
	return s, found{}
}

func checkNumber(in *input, v any, _ *Env) (any, found) {
	var s string
	switch x := v.(type) {
	case json.Number:
		s = x.String()
	case string:
		s = strings.ReplaceAll(x, ",", ".")
	default:
		return v, fault("type")
	}
	if !decimal.MatchString(s) {
		return v, fault("number")
	}
	return json.Number(s), in.bounds.number(s)
}

func checkMoney(in *input, v any, _ *Env) (any, found) {
	var s string
	switch x := v.(type) {
	case json.Number:
		s = x.String()
	case string:
		s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(x, "đồng"), "đ"))
		if grouped.MatchString(s) {
			s = strip(s, "., ")
		}
	default:
		return v, fault("type")
	}
	if !digits(s) || len(s) > 15 {
		return v, fault("money")
	}
	n, _ := strconv.ParseInt(s, 10, 64)
	s = strconv.FormatInt(n, 10)
	return json.Number(s), in.bounds.number(s)
}

func checkDate(in *input, v any, env *Env) (any, found) {
	s, ok := v.(string)
	if !ok {
		return v, fault("type")
	}
	d, err := clock.ParseDate(s)
	if err != nil || d.Year < 1800 || d.Year > 2200 {
		return v, fault("date")
	}
	return s, in.bounds.date(d, env)
}

// checkPartialDate takes a day, a month or a year: older papers know no more.
func checkPartialDate(in *input, v any, env *Env) (any, found) {
	s, ok := v.(string)
	if !ok {
		return v, fault("type")
	}
	first := s
	switch strings.Count(s, "-") {
	case 0:
		first += "-01-01"
	case 1:
		first += "-01"
	}
	d, err := clock.ParseDate(first)
	if err != nil || d.Year < 1800 || d.Year > 2200 {
		return v, fault("partialDate")
	}
	return s, in.bounds.date(d, env)
}

var typedTime = regexp.MustCompile(`^(\d{1,2})\s*(?:[:.hH]|giờ)\s*(\d{1,2})?\s*(?:phút|p)?$`)

// checkTime takes 14:30, 14h30, 14.30, 14h and 9 giờ 5 phút.
func checkTime(in *input, v any, _ *Env) (any, found) {
	s, ok := v.(string)
	if !ok {
		return v, fault("type")
	}
	m := typedTime.FindStringSubmatch(s)
	if m == nil {
		return v, fault("time")
	}
	t := m[1] + ":" + m[2]
	if len(m[1]) == 1 {
		t = "0" + t
	}
	switch len(m[2]) {
	case 0:
		t += "00"
	case 1:
		t = t[:3] + "0" + m[2]
	}
	if !clockTime.MatchString(t) {
		return v, fault("time")
	}
	switch b := in.bounds; {
	case b == nil:
	case b.min != "" && t < b.min:
		return v, fault("timeEarly", "min", b.min)
	case b.max != "" && t > b.max:
		return v, fault("timeLate", "max", b.max)
	}
	return t, found{}
}

func checkYesNo(_ *input, v any, _ *Env) (any, found) {
	switch v {
	case true, "true", "yes":
		return true, found{}
	case false, "false", "no":
		return false, found{}
	}
	return v, fault("yesno")
}

func checkCode(in *input, v any, _ *Env) (any, found) {
	s, ok := v.(string)
	if !ok {
		return v, fault("type")
	}
	if !in.has(s) {
		return v, fault("code")
	}
	return s, found{}
}

func checkCodes(in *input, v any, _ *Env) (any, found) {
	l, ok := v.([]any)
	if !ok {
		if _, ok := v.(string); !ok {
			return v, fault("type")
		}
		l = []any{v}
	}
	out := make([]any, 0, len(l))
	for _, e := range l {
		s, ok := e.(string)
		if !ok {
			return v, fault("type")
		}
		if !in.has(s) {
			return v, fault("code")
		}
		if !slices.Contains(out, e) {
			out = append(out, s)
		}
	}
	return out, found{}
}

// checkUnit takes the code of a unit of the day, or its name where one unit alone bears
// it. A name of old is no answer: the fault says what became of the unit.
func checkUnit(in *input, v any, env *Env) (any, found) {
	s, ok := v.(string)
	if !ok {
		return v, fault("type")
	}
	if !digits(s) {
		return in.unitByName(s, env)
	}
	if len(s) > 5 {
		return v, fault("unit")
	}
	if env.Units == nil {
		return s, found{}
	}
	u, ok := env.Units.Unit(s, clock.DateOf(env.Now))
	switch {
	case !ok:
		return v, fault("unitGone")
	case in.tier != "" && u.Tier != in.tier:
		return v, fault("unit")
	}
	return s, found{}
}

func (in *input) unitByName(name string, env *Env) (any, found) {
	matches := in.matches(name, env)
	var own, old []Match
	for _, m := range matches {
		switch {
		case m.Exact && m.Was == "":
			own = append(own, m)
		case m.Exact:
			old = append(old, m)
		}
	}
	switch {
	case len(own) == 1:
		return own[0].Unit.Code, found{}
	case len(own) == 0 && len(old) > 0:
		now := make([]string, 0, 3)
		for _, m := range old[:min(len(old), 3)] {
			now = append(now, m.Unit.Name)
		}
		return name, fault("unitOld", "was", old[0].Was, "now", strings.Join(now, ", "))
	case len(matches) > 0:
		return name, fault("unitWhich", "name", name)
	}
	return name, fault("unitName", "name", name)
}

// matches are the units that a name may mean.
func (in *input) matches(name string, env *Env) []Match {
	finder, ok := env.Units.(Finder)
	if !ok || name == "" || len(name) > 200 {
		return nil
	}
	return finder.Find(name, in.tier, clock.DateOf(env.Now))
}

// bounds are the declared min and max of a number or a date.
type bounds struct {
	min, max           string // canonical number, or ISO date
	minToday, maxToday bool
}

func (b *bounds) number(s string) found {
	if b == nil {
		return found{}
	}
	v, _ := strconv.ParseFloat(s, 64)
	if lo, err := strconv.ParseFloat(b.min, 64); b.min != "" && err == nil && v < lo {
		return fault("tooSmall", "min", b.min)
	}
	if hi, err := strconv.ParseFloat(b.max, 64); b.max != "" && err == nil && v > hi {
		return fault("tooLarge", "max", b.max)
	}
	return found{}
}

func (b *bounds) date(d clock.Date, env *Env) found {
	if b == nil {
		return found{}
	}
	lo, hi := clock.Date{}, clock.Date{}
	if b.min != "" {
		lo, _ = clock.ParseDate(b.min)
	}
	if b.max != "" {
		hi, _ = clock.ParseDate(b.max)
	}
	today := clock.DateOf(env.Now)
	if b.minToday {
		lo = today
	}
	if b.maxToday {
		hi = today
	}
	if !lo.IsZero() && d.Before(lo) {
		return fault("tooEarly", "min", lo)
	}
	if !hi.IsZero() && d.After(hi) {
		if b.maxToday {
			return fault("future")
		}
		return fault("tooLate", "max", hi)
	}
	return found{}
}
