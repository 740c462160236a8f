package form

import (
	"slices"

	"khue/internal/kernel/feel"
)

// fieldType is what a type brings to its fields: check, widget, keyboard, type in conditions.
type fieldType struct {
	name   string
	widget Widget
	feel   feel.Type
	mode   string // inputmode
	auto   string // autocomplete token, where the person answers for themself
	maxLen int    // characters, 0: not a text
	check  checkFunc
	many   bool // several values of a list
	coded  bool // needs a list
	plain  bool // the answer is letters and digits, nothing to spell: capitals, no correction
}

// leafTypes are the types with one value; composite ones are written out into them.
//
//nolint:gochecknoglobals // immutable table
var leafTypes = map[string]*fieldType{
	"text":           {widget: WidgetText, feel: feel.StringType, maxLen: 500, check: checkText},
	"long-text":      {widget: WidgetTextarea, feel: feel.StringType, maxLen: 4000, check: checkText},
	"number":         {widget: WidgetText, feel: feel.NumberType, mode: "decimal", check: checkNumber},
	"money":          {widget: WidgetText, feel: feel.NumberType, mode: "numeric", check: checkMoney},
	"date":           {widget: WidgetDate, feel: feel.DateType, mode: "numeric", auto: "bday", check: checkDate},
	"partial-date":   {widget: WidgetPartialDate, feel: feel.StringType, mode: "numeric", check: checkPartialDate},
	"time":           {widget: WidgetText, feel: feel.StringType, maxLen: 5, check: checkTime},
	"yesno":          {widget: WidgetRadios, feel: feel.BooleanType, check: checkYesNo},
	"code":           {widget: WidgetSelect, feel: feel.StringType, coded: true, check: checkCode},
	"multi-code":     {widget: WidgetCheckboxes, feel: feel.ListTypeOf(feel.StringType), coded: true, many: true, check: checkCodes},
	"checklist":      {widget: WidgetCheckboxes, feel: feel.ListTypeOf(feel.StringType), coded: true, many: true, check: checkCodes},
	"pick-papers":    {widget: WidgetCheckboxes, feel: feel.ListTypeOf(feel.StringType), many: true, check: checkCodes},
	"person-name":    {widget: WidgetText, feel: feel.StringType, auto: "name", maxLen: 120, check: checkPersonName},
	"person-id":      {widget: WidgetText, feel: feel.StringType, mode: "numeric", maxLen: 20, check: checkPersonID},
	"tax-code":       {widget: WidgetText, feel: feel.StringType, mode: "numeric", maxLen: 20, check: checkTaxCode},
	"phone":          {widget: WidgetText, feel: feel.StringType, mode: "tel", auto: "tel", maxLen: 20, check: checkPhone},
	"email":          {widget: WidgetText, feel: feel.StringType, mode: "email", auto: "email", maxLen: 254, check: checkEmail},
	"vehicle-plate":  {widget: WidgetText, feel: feel.StringType, maxLen: 20, check: checkPlate, plain: true},
	"account-number": {widget: WidgetText, feel: feel.StringType, mode: "numeric", maxLen: 30, check: checkAccount, plain: true},
	"account-holder": {widget: WidgetText, feel: feel.StringType, maxLen: 120, check: checkHolder, plain: true},
	"geo-point":      {widget: WidgetPoint, feel: feel.StringType, maxLen: 60, check: checkPoint},
	"file":           {widget: WidgetFile, feel: feel.BooleanType},
	"unit":           {widget: WidgetUnit, feel: feel.StringType, maxLen: 10, check: checkUnit},
	"list":           {widget: WidgetRows, feel: feel.ListType},
	"computed":       {widget: WidgetOutput, feel: feel.AnyType},
}

// part is a leaf or composite within a composite type.
type part struct {
	id   string
	typ  string
	list string
	tier string
}

// composites are written out into their parts; the order is that of the paper forms.
//
//nolint:gochecknoglobals // immutable table
var composites = map[string][]part{
	"address": {{id: "unit", typ: "unit", tier: "commune"}, {id: "line", typ: "text"}},
	"person": {
		{id: "name", typ: "person-name"},
		{id: "dob", typ: "partial-date"},
		{id: "id", typ: "person-id"},
		{id: "sex", typ: "code", list: "sex"},
		{id: "ethnicity", typ: "code", list: "ethnicity"},
		{id: "nationality", typ: "code", list: "nationality"},
		{id: "residence", typ: "address"},
	},
	"person-brief": {
		{id: "name", typ: "person-name"},
		{id: "dob", typ: "partial-date"},
		{id: "id", typ: "person-id"},
	},
	"organisation": {
		{id: "name", typ: "text"},
		{id: "taxCode", typ: "tax-code"},
		{id: "representative", typ: "person-name"},
		{id: "phone", typ: "phone"},
		{id: "email", typ: "email"},
		{id: "address", typ: "address"},
	},
	"bank-account": {
		{id: "bank", typ: "code", list: "bank"},
		{id: "number", typ: "account-number"},
		{id: "holder", typ: "account-holder"},
	},
}

// usualParts are asked where a field does not say which.
//
//nolint:gochecknoglobals // immutable table
var usualParts = map[string][]string{
	"person":       {"name", "dob", "id", "ethnicity", "nationality", "residence"},
	"organisation": {"name", "taxCode", "representative", "address"},
}

// chief are the parts that a required composite must have; the others are needed where
// the form says so. A person may be named by their personal number alone.
//
//nolint:gochecknoglobals // immutable table
var chief = map[string][]string{
	"address": {"line"}, "person": {"name"}, "person-brief": {"name"},
	"organisation": {"name"}, "bank-account": {"bank", "number", "holder"},
}

// inner are types that stand within composites only.
//
//nolint:gochecknoglobals // immutable table
var inner = []string{"account-number", "account-holder"}

func typeNames() []string {
	names := make([]string, 0, len(leafTypes)+len(composites))
	for n := range leafTypes {
		if !slices.Contains(inner, n) {
			names = append(names, n)
		}
	}
	for n := range composites {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
