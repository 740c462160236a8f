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
}

// leafTypes are the types with one value; composite ones are written out into them.
//
//nolint:gochecknoglobals // immutable table
var leafTypes = map[string]*fieldType{
	"text":         {widget: WidgetText, feel: feel.StringType, maxLen: 500, check: checkText},
	"long-text":    {widget: WidgetTextarea, feel: feel.StringType, maxLen: 4000, check: checkText},
	"number":       {widget: WidgetText, feel: feel.NumberType, mode: "decimal", check: checkNumber},
	"money":        {widget: WidgetText, feel: feel.NumberType, mode: "numeric", check: checkMoney},
	"date":         {widget: WidgetDate, feel: feel.DateType, mode: "numeric", auto: "bday", check: checkDate},
	"partial-date": {widget: WidgetPartialDate, feel: feel.StringType, mode: "numeric", check: checkPartialDate},
	"time":         {widget: WidgetText, feel: feel.StringType, maxLen: 5, check: checkTime},
	"yesno":        {widget: WidgetRadios, feel: feel.BooleanType, check: checkYesNo},
	"code":         {widget: WidgetSelect, feel: feel.StringType, coded: true, check: checkCode},
	"multi-code":   {widget: WidgetCheckboxes, feel: feel.ListTypeOf(feel.StringType), coded: true, many: true, check: checkCodes},
	"checklist":    {widget: WidgetCheckboxes, feel: feel.ListTypeOf(feel.StringType), coded: true, many: true, check: checkCodes},
	"pick-papers":  {widget: WidgetCheckboxes, feel: feel.ListTypeOf(feel.StringType), many: true, check: checkCodes},
	"person-name":  {widget: WidgetText, feel: feel.StringType, auto: "name", maxLen: 120, check: checkPersonName},
	"person-id":    {widget: WidgetText, feel: feel.StringType, mode: "numeric", maxLen: 20, check: checkPersonID},
	"tax-code":     {widget: WidgetText, feel: feel.StringType, mode: "numeric", maxLen: 20, check: checkTaxCode},
	"phone":        {widget: WidgetText, feel: feel.StringType, mode: "tel", auto: "tel", maxLen: 20, check: checkPhone},
	"email":        {widget: WidgetText, feel: feel.StringType, mode: "email", auto: "email", maxLen: 254, check: checkEmail},
	"unit":         {widget: WidgetUnit, feel: feel.StringType, maxLen: 10, check: checkUnit},
	"list":         {widget: WidgetRows, feel: feel.ListType},
	"computed":     {widget: WidgetOutput, feel: feel.AnyType},
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
}

// usualParts are asked where a person field does not say which.
//
//nolint:gochecknoglobals // immutable table
var usualParts = map[string][]string{
	"person": {"name", "dob", "id", "ethnicity", "nationality", "residence"},
}

// laterTypes are known words of form.yaml that this version cannot draw yet.
//
//nolint:gochecknoglobals // immutable table
var laterTypes = []string{"organisation", "vehicle-plate", "bank-account", "geo-point", "file"}

func typeNames() []string {
	names := make([]string, 0, len(leafTypes)+len(composites))
	for n := range leafTypes {
		names = append(names, n)
	}
	for n := range composites {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
