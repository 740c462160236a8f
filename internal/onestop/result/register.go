package result

import (
	"khue/internal/kernel/decl"
	"khue/internal/onestop/service"
	"khue/internal/register/record"
)

// RegisterOf is the register that a package enters its result in, as record knows it.
func RegisterOf(pkg *service.Package) record.Register {
	if pkg.Register == nil {
		return record.Register{}
	}
	e := pkg.Register
	reg := record.Register{ID: e.ID, Name: known(pkg, "register."+e.ID), Unique: e.Unique}
	if reg.Name.IsZero() {
		reg.Name = pkg.Name()
	}
	asked := pkg.Form.Inputs()
	for _, name := range pkg.Form.Actions() {
		if o, ok := pkg.OfficerForm(name); ok {
			asked = append(asked, o.Inputs()...)
		}
	}
	labels, units, choices := map[string]decl.Label{}, map[string]bool{}, map[string][]record.Choice{}
	for _, in := range asked {
		labels[in.Path], units[in.Path], choices[in.Path] = in.Label, in.Type == "unit", nil
		for _, it := range in.Items {
			choices[in.Path] = append(choices[in.Path], record.Choice{Code: it.Code, Label: it.Label})
		}
	}
	for _, f := range e.Fields {
		l := known(pkg, "register."+f.ID)
		if l.IsZero() && f.From != nil {
			l = labels[f.From.Source()]
		}
		if l.IsZero() && f.From != nil && f.From.Source() == "result.number" {
			l = decl.Label{VI: "Số", EN: "Number"}
		}
		if l.IsZero() && f.From != nil && f.From.Source() == "result.date" {
			l = decl.Label{VI: "Ngày cấp", EN: "Day of issue"}
		}
		field := record.Field{ID: f.ID, Type: f.Type, Personal: f.Personal, Retention: f.Retention}
		if f.From != nil {
			field.Unit, field.Choices = units[f.From.Source()], choices[f.From.Source()]
			if f.From.Source() == "case" {
				if l.IsZero() {
					l = decl.Label{VI: "Trường hợp", EN: "Case"}
				}
				for _, c := range pkg.Cases {
					field.Choices = append(field.Choices, record.Choice{Code: c, Label: pkg.CaseName(c)})
				}
			}
		}
		field.Label = l
		reg.Fields = append(reg.Fields, field)
	}
	return reg
}

// known is the first of some texts of a package that exists.
func known(pkg *service.Package, keys ...string) decl.Label {
	for _, k := range keys {
		if l := pkg.Text(k); l.VI != k {
			return l
		}
	}
	return decl.Label{}
}

// Declared gives the registers of all packages to record. Where several declare one, the
// newest does.
type Declared struct{ Services *service.Registry }

// Registers lists the registers of the packages that the city numbers itself, in order of
// their ids.
func (d Declared) Registers() (out []record.Register) {
	newest := map[string]*service.Package{}
	var order []string
	for _, p := range d.Services.All() {
		if p.Register == nil || !p.Result.Numbered() {
			continue
		}
		old, ok := newest[p.Register.ID]
		if !ok {
			order = append(order, p.Register.ID)
		}
		if !ok || old.From.Before(p.From) {
			newest[p.Register.ID] = p
		}
	}
	for _, name := range order {
		out = append(out, RegisterOf(newest[name]))
	}
	return out
}
