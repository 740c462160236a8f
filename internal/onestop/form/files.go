package form

import (
	"slices"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/filecheck"
)

// A field of type file is answered by a file, which is handed in under the field's path
// as a paper is under its id. Nothing of it stands in the answers.

// file compiles what a file field takes.
func (c *compiler) file(in *input, fd FieldDef) {
	in.file = PaperNeed{
		ID: in.path, Name: in.path, Label: in.say, Hint: in.hint, Accept: fd.Accept, From: []string{"upload"},
		MaxBytes: int64(fd.MaxMB) << 20, MaxFiles: max(fd.MaxFiles, 1),
	}
	if len(fd.Accept) == 0 {
		in.file.Accept = fileKinds
	}
	if fd.MaxMB <= 0 {
		in.file.MaxBytes = defaultMB << 20
	}
	for _, a := range fd.Accept {
		if !slices.Contains(filecheck.Kinds(), a) {
			c.fail(fd.Pos, fd.ID, "form.lint.accept", "type", a)
		}
	}
	if slices.ContainsFunc(c.opt.Papers, func(p PaperDef) bool { return p.ID == fd.ID }) {
		c.fail(fd.Pos, fd.ID, "form.lint.idTwice", "id", fd.ID)
	}
}

func (f *Form) fileLeaf(path string) *input {
	if in := f.leaves[path]; in != nil && in.typ == "file" {
		return in
	}
	return nil
}

// FilePaper is what a file field takes, as the definition of a paper; false where there is
// no such field.
func (f *Form) FilePaper(path string) (PaperDef, bool) {
	in := f.fileLeaf(path)
	if in == nil {
		return PaperDef{}, false
	}
	return PaperDef{ID: path, Accept: in.file.Accept, MaxMB: int(in.file.MaxBytes >> 20), MaxFiles: in.file.MaxFiles}, true
}

// FileLabel is the label of a file field; zero where there is no such field.
func (f *Form) FileLabel(path string) decl.Label {
	if in := f.anyFile(path); in != nil {
		return in.say
	}
	return decl.Label{}
}

// anyFile is a file field of the form or of an officer's.
func (f *Form) anyFile(path string) *input {
	if in := f.fileLeaf(path); in != nil {
		return in
	}
	for _, act := range f.acts {
		if in := act.fileLeaf(path); in != nil {
			return in
		}
	}
	return nil
}

// Files are the file fields of a page that apply under these answers.
func (f *Form) Files(page string, a Answers, env Env) []PaperNeed {
	v := newVars(f, a, &env)
	var out []PaperNeed
	for _, p := range f.pages {
		if p.info.ID != page || !p.when.holds(v) {
			continue
		}
		for _, fl := range p.fields {
			if fl.leaf == nil || fl.leaf.typ != "file" || fl.reveal == nil && !fl.when.holds(v) {
				continue
			}
			n := fl.leaf.file
			n.Required = fl.need.holds(v)
			out = append(out, n)
		}
	}
	return out
}

// validateFile checks the files that were handed in for a field.
func (fl *field) validateFile(r *Result, v *vars, needed bool) {
	n, in := 0, fl.leaf
	for _, file := range v.env.Files {
		if file.Paper == in.path {
			n++
			checkFile(r, in.file, file, n)
		}
	}
	if n == 0 && needed {
		r.add(in, in.path, fault("fileMissing"))
	}
}
