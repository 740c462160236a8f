package orgunit

import (
	"slices"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/id"
)

// UnitID is the lasting identity of a unit.
type UnitID = id.Of[Unit]

// Class tells a place from those who govern it.
type Class string

// The classes.
const (
	Territory Class = "territory" // a place with a boundary
	Agency    Class = "agency"    // a body with a seal: People's Committee, department
	Office    Class = "office"    // a part of an agency
)

// Tier is a level of government.
type Tier string

// The tiers. The district tier ended on 2025-06-30.
const (
	City     Tier = "city"
	District Tier = "district"
	Commune  Tier = "commune"
)

// Valid reports whether t is one of the tiers.
func (t Tier) Valid() bool { return t == City || t == District || t == Commune }

// Kind is the legal kind of a unit.
type Kind string

// The kinds.
const (
	KindCity          Kind = "city"           // thành phố trực thuộc trung ương
	KindUrbanDistrict Kind = "urban-district" // quận
	KindRuralDistrict Kind = "rural-district" // huyện
	KindTown          Kind = "town"           // thị xã
	KindWard          Kind = "ward"           // phường
	KindCommune       Kind = "commune"        // xã
	KindTownship      Kind = "township"       // thị trấn
	KindCommittee     Kind = "committee"      // Ủy ban nhân dân
	KindDepartment    Kind = "department"     // sở and equal
	KindSecretariat   Kind = "secretariat"    // Văn phòng Ủy ban nhân dân thành phố
	KindBoard         Kind = "board"          // ban quản lý
	KindSubDepartment Kind = "sub-department" // chi cục and equal
	KindServiceCentre Kind = "service-centre" // trung tâm phục vụ hành chính công
	KindOffice        Kind = "office"         // a part of an agency
)

// kindInfo is what the grammar and the names need to know of a kind.
type kindInfo struct {
	short  string // in the files of facts
	kind   Kind
	class  Class
	tier   Tier
	vi, en string   // "Phường", "Ward"; empty where names stand whole
	fold   []string // how people write it before a name, folded
	digits int      // length of its GSO code
}

var kinds = []kindInfo{
	{"tp", KindCity, Territory, City, "Thành phố", "City", []string{"thanh pho", "tp"}, 2},
	{"q", KindUrbanDistrict, Territory, District, "Quận", "District", []string{"quan", "q"}, 3},
	{"h", KindRuralDistrict, Territory, District, "Huyện", "District", []string{"huyen", "h"}, 3},
	{"tx", KindTown, Territory, District, "Thị xã", "Town", []string{"thi xa", "tx"}, 3},
	{"p", KindWard, Territory, Commune, "Phường", "Ward", []string{"phuong", "p"}, 5},
	{"x", KindCommune, Territory, Commune, "Xã", "Commune", []string{"xa", "x"}, 5},
	{"tt", KindTownship, Territory, Commune, "Thị trấn", "Township", []string{"thi tran", "tt"}, 5},
	{"so", KindDepartment, Agency, City, "", "", nil, 0},
	{"vp", KindSecretariat, Agency, City, "", "", nil, 0},
	{"bql", KindBoard, Agency, City, "", "", nil, 0},
	{"cc", KindSubDepartment, Agency, City, "", "", nil, 0},
	{"ttpv", KindServiceCentre, Agency, City, "", "", nil, 0},
}

func kindOf(short string) (kindInfo, bool) {
	for _, k := range kinds {
		if k.short == short {
			return k, true
		}
	}
	return kindInfo{}, false
}

// Unit is a unit as it stood on one day.
type Unit struct {
	ID      UnitID
	Class   Class
	Kind    Kind
	Tier    Tier
	Code    string   // GSO code of a territory, identifier code of an agency; empty where unknown or none
	Aliases []string // further codes of the same agency
	Name    string   // with its kind: "Phường Bồ Đề"
	NameEN  string   // "Bo De Ward"
	Bare    string   // without its kind: "Bồ Đề"
	Parent  UnitID   // 0 at the root of each tree
	Serves  UnitID   // the territory that an agency or office governs; 0 for a territory
	Keys    []string // functions of an agency or office: "labour", "onestop"
	From    clock.Date
	Until   clock.Date // first day on which it is no more; zero = still there
}

// External reports whether a unit stands beside the agency that it is listed under and
// obeys others: police, social insurance. Who governs the place has no reach into it.
func (u Unit) External() bool { return slices.Contains(u.Keys, "external") }

// LastDay is the last day of the unit, and false where it has no end yet.
func (u Unit) LastDay() (clock.Date, bool) {
	if u.Until.IsZero() {
		return clock.Date{}, false
	}
	return u.Until.AddDays(-1), true
}

// span is a time from a day until the day before another. A zero from is
// before the record, a zero until is open.
type span struct{ from, until clock.Date }

func (s span) has(d clock.Date) bool {
	return !d.Before(s.from) && (s.until.IsZero() || d.Before(s.until))
}

// cut returns what two spans share; ok is false where that is nothing.
func (s span) cut(o span) (span, bool) {
	if o.from.After(s.from) {
		s.from = o.from
	}
	if s.until.IsZero() || (!o.until.IsZero() && o.until.Before(s.until)) {
		s.until = o.until
	}
	return s, s.until.IsZero() || s.from.Before(s.until)
}

func (s span) covers(o span) bool {
	got, ok := s.cut(o)
	return ok && got == o
}

// dated is a value that held for a time.
type dated[T any] struct {
	span
	value T
}

func valueAt[T any](list []dated[T], d clock.Date) (v T) {
	for _, x := range list {
		if x.has(d) {
			return x.value
		}
	}
	return v
}

func valuesAt[T any](list []dated[T], d clock.Date) []T {
	var out []T
	for _, x := range list {
		if x.has(d) {
			out = append(out, x.value)
		}
	}
	return out
}
