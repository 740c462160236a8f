package orgunit

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
)

// Role is an opaque name of what a post may do: "clerk", "justiceOfficer".
// Processes name roles; data/posts.txt lists them all.
type Role string

// The roles that code names. The list is longer: see Roles.
const (
	RoleLeader        Role = "leader"
	RoleChairman      Role = "chairman"
	RoleViceChairman  Role = "viceChairman"
	RoleHead          Role = "head"
	RoleSpecialist    Role = "specialist"
	RoleClerk         Role = "clerk"
	RoleRegistryClerk Role = "registryClerk"
	RoleJustice       Role = "justiceOfficer"
)

// RoleInfo is a role with its names.
type RoleInfo struct {
	Role   Role
	Name   string
	NameEN string
	Acts   []Role   // further roles that its holder may act in: a chairman is a leader
	as     []string // Acts, as grants name roles
}

// Post is a place for a person inside an agency.
type Post struct {
	Role   Role
	Agency UnitID
	Unit   UnitID // the office that the post stands in, or the agency itself
}

// officeForm is an office in a template.
type officeForm struct {
	sub   int
	keys  []string
	name  string
	en    string
	roles []Role
}

// form is one section of data/templates.txt.
type form struct {
	kinds   []string // short kinds of the territory or body
	key     string   // only bodies that hold this function
	life    span
	roles   []Role // posts of the agency itself
	offices []officeForm
}

// forms is the read templates.txt and posts.txt.
type forms struct {
	sections []form
	roles    []RoleInfo
}

// embeddedForms reads the two files once; they are constant.
var embeddedForms = sync.OnceValues(func() (forms, error) {
	posts, err := fs.ReadFile(dataFS, "data/posts.txt")
	if err != nil {
		return forms{}, err
	}
	templates, err := fs.ReadFile(dataFS, "data/templates.txt")
	if err != nil {
		return forms{}, err
	}
	return parseForms(string(posts), string(templates))
})

// Roles lists every role that a post can have, in the order of data/posts.txt.
func Roles() []RoleInfo {
	f, _ := embeddedForms() // New has refused to start on an error
	return slices.Clone(f.roles)
}

// RoleOf returns a role with its names.
func RoleOf(r Role) (RoleInfo, bool) {
	f, _ := embeddedForms()
	i := slices.IndexFunc(f.roles, func(x RoleInfo) bool { return x.Role == r })
	if i < 0 {
		return RoleInfo{}, false
	}
	return f.roles[i], true
}

// In is the name of the role in a language; the role itself where nobody has it.
func (r Role) In(l i18n.Lang) string {
	info, ok := RoleOf(r)
	switch {
	case !ok:
		return string(r)
	case l == i18n.EN:
		return info.NameEN
	}
	return info.Name
}

// Acts reports whether the holder of role r may act as role as.
func (r Role) Acts(as Role) bool {
	if r == as {
		return true
	}
	info, _ := RoleOf(r)
	return slices.Contains(info.Acts, as)
}

// ActsAs lists the further roles in which the holder of a role may act.
func ActsAs(role string) []string {
	f, _ := embeddedForms()
	for i := range f.roles {
		if string(f.roles[i].Role) == role {
			return f.roles[i].as
		}
	}
	return nil
}

func parseForms(posts, templates string) (forms, error) {
	var f forms
	for line := range strings.Lines(posts) {
		line = strings.TrimSpace(stripComment(line))
		if line == "" {
			continue
		}
		w := cells(line)
		if len(w) < 3 {
			return f, fmt.Errorf("orgunit: posts.txt: %q needs a role and two names", line)
		}
		info := RoleInfo{Role: Role(w[0]), Name: w[1], NameEN: w[2]}
		if len(w) > 3 {
			info.Acts = rolesIn(w[3])
			for _, r := range info.Acts {
				info.as = append(info.as, string(r))
			}
		}
		f.roles = append(f.roles, info)
	}
	for line := range strings.Lines(templates) {
		line = strings.TrimSpace(stripComment(line))
		if line == "" {
			continue
		}
		if err := f.addTemplateLine(line); err != nil {
			return f, fmt.Errorf("orgunit: templates.txt: %q: %w", line, err)
		}
	}
	return f, nil
}

func (f *forms) addTemplateLine(line string) error {
	if line[0] == '@' {
		s, err := parseSection(strings.Fields(line[1:]))
		f.sections = append(f.sections, s)
		return err
	}
	if len(f.sections) == 0 {
		return fmt.Errorf("stands before the first section")
	}
	s := &f.sections[len(f.sections)-1]
	if rest, ok := strings.CutPrefix(line, ". "); ok {
		s.roles = rolesIn(rest)
		return f.known(s.roles)
	}
	w := cells(line)
	if len(w) != 3 {
		return fmt.Errorf("an office needs its keys, its names and its roles")
	}
	keys := strings.Fields(w[0])
	sub, err := strconv.Atoi(keys[0])
	if err != nil || sub < 10 || sub >= idsPerNumber {
		return fmt.Errorf("%q is not an office's number", keys[0])
	}
	name, en, _ := strings.Cut(w[1], " = ")
	o := officeForm{sub: sub, keys: keys[1:], name: name, en: en, roles: rolesIn(w[2])}
	s.offices = append(s.offices, o)
	return f.known(o.roles)
}

func (f *forms) known(roles []Role) error {
	for _, r := range roles {
		if !slices.ContainsFunc(f.roles, func(i RoleInfo) bool { return i.Role == r }) {
			return fmt.Errorf("unknown role %q", r)
		}
	}
	return nil
}

func parseSection(w []string) (form, error) {
	var s form
	for i := 0; i < len(w); i++ {
		var err error
		switch {
		case i+1 == len(w) || (w[i] != "key" && w[i] != "from" && w[i] != "until"):
			if _, ok := kindOf(w[i]); !ok {
				return s, fmt.Errorf("unknown kind %q", w[i])
			}
			s.kinds = append(s.kinds, w[i])
			continue
		case w[i] == "key":
			s.key = w[i+1]
		case w[i] == "from":
			s.life.from, err = clock.ParseDate(w[i+1])
		default:
			s.life.until, err = clock.ParseDate(w[i+1])
		}
		if err != nil {
			return s, err
		}
		i++
	}
	return s, nil
}

func cells(line string) []string {
	w := strings.Split(line, "|")
	for i := range w {
		w[i] = strings.TrimSpace(w[i])
	}
	return w
}

func rolesIn(s string) []Role {
	var out []Role
	for w := range strings.FieldsSeq(s) {
		out = append(out, Role(w))
	}
	return out
}
