package auth

import (
	"context"
	"testing"

	"khue/internal/kernel/errs"
)

func TestPolicies(t *testing.T) {
	t.Parallel()
	visitor := Subject{}
	citizen := Subject{Account: 1, Kind: KindCitizen}
	clerk := Subject{Account: 2, Kind: KindOfficer, Grants: []Grant{{Role: "clerk", Scope: "unit:00133"}}}
	program := Subject{Account: 3, Kind: KindSystem, Grants: []Grant{{Role: "reader", Scope: Everywhere}}}
	forged := Subject{Kind: KindOfficer, Grants: []Grant{{Role: "clerk", Scope: Everywhere}}} // no account behind it
	tests := []struct {
		policy  Policy
		text    string
		allowed []Subject
		refused []Subject
	}{
		{Nobody, "nobody", nil, []Subject{visitor, citizen, clerk, program}},
		{Public, "public", []Subject{visitor, citizen, clerk}, nil},
		{SignedIn, "signed in", []Subject{citizen, clerk, program}, []Subject{visitor, forged}},
		{Officer, "officer", []Subject{clerk}, []Subject{visitor, citizen, program, forged}},
		{AnyRole("clerk"), "role clerk", []Subject{clerk}, []Subject{visitor, citizen, program, forged}},
		{AnyRole("leader", "reader"), "role leader or reader", []Subject{program}, []Subject{visitor, citizen, clerk}},
		{AnyRole(), "nobody", nil, []Subject{clerk}},
	}
	for _, tt := range tests {
		if got := tt.policy.String(); got != tt.text {
			t.Errorf("policy reads %q, want %q", got, tt.text)
		}
		all, err := NewPolicies(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := all.AddRoutes([]Guarded{{"GET /x", tt.policy}}); (err == nil) != (tt.policy != Nobody) {
			t.Fatal(tt.policy, err)
		}
		if tt.policy == Nobody {
			continue // such a route does not start
		}
		for _, s := range tt.allowed {
			if err := all.Can(With(context.Background(), s), "GET /x", Resource{}); err != nil {
				t.Errorf("%s refuses %+v: %v", tt.policy, s, err)
			}
		}
		for _, s := range tt.refused {
			want := errs.Forbidden
			if !s.SignedIn() {
				want = errs.Unauthenticated
			}
			if err := all.Can(With(context.Background(), s), "GET /x", Resource{}); !errs.Is(err, want) {
				t.Errorf("%s on %+v: %v, want %v", tt.policy, s, err, want)
			}
		}
	}
}

func TestRoleNamesCannotSmuggleAnother(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error(`a role named "clerk or leader" was taken`)
		}
	}()
	AnyRole("clerk or leader")
}

type tree map[string]string // part → whole

func (tr tree) Covers(_ context.Context, scope, what string) bool { return tr[what] == scope }

func TestScopes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	district := Subject{Account: 1, Kind: KindOfficer, Grants: []Grant{{Role: "clerk", Scope: "unit:004"}}}
	city := Subject{Account: 2, Kind: KindOfficer, Grants: []Grant{{Role: "clerk", Scope: Everywhere}}}
	units := tree{"unit:00133": "unit:004"}
	if district.Has("clerk", "unit:00133") {
		t.Error("Has knows no tree, but found the ward in the district")
	}
	if !district.Covers(ctx, units, "clerk", "unit:00133") || district.Covers(ctx, units, "clerk", "unit:00199") {
		t.Error("a grant over the district must reach its ward and no other")
	}
	if district.Covers(ctx, units, "leader", "unit:00133") {
		t.Error("another role reached the ward")
	}
	if !city.Has("clerk", "unit:00133") || !city.Covers(ctx, tree{}, "clerk", "unit:00133") {
		t.Error("a grant over the whole city must reach every unit")
	}
}

func TestLoginsAreCompared(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"  Lan.NT ":        "lan.nt",
		"0912 345 678":     "0912345678",
		"+84 912.345.678":  "0912345678",
		"(024) 3825-3536":  "02438253536",
		"a-b.c":            "a-b.c",
		"0000000000":       "0000000000",
		"can-bo-09123":     "can-bo-09123",
		"Nguyễn@Example.V": "nguyễn@example.v",
	} {
		if got := NormLogin(in); got != want {
			t.Errorf("NormLogin(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWeakPasswords(t *testing.T) {
	t.Parallel()
	for pw, want := range map[string]string{
		"ngắn":                     "auth.error.password_length",
		"12345678":                 "auth.error.password_common",
		"Matkhau123":               "auth.error.password_common",
		"Mật Khẩu 123":             "auth.error.password_common", // folded
		"ÁÁÁÁÁÁÁÁÁÁ":               "auth.error.password_common",
		"toi la 0912345678":        "auth.error.password_own",
		"nguyenthilan1985":         "auth.error.password_own",
		"ba con voi uống trà xanh": "",
		"kXv9-qpT2":                "",
	} {
		if got := weakness(pw, "0912345678", "Nguyễn Thị Lan", minPassword); got != want {
			t.Errorf("weakness(%q) = %q, want %q", pw, got, want)
		}
	}
}
