package auth_test

import (
	"context"
	"strings"
	"testing"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
)

// TestALongPasswordIsNotCut: the longest that may be set opens as it is, and not with more behind
// it; nor in another case.
func TestALongPasswordIsNotCut(t *testing.T) {
	each(t, func(t *testing.T, n node) {
		longest := strings.Repeat("𠮷𠮾", 63) + "𠮷a" // 128 characters
		n.account(t, auth.NewAccount{Login: "lan.nt", Name: "Nguyễn Thị Lan", Kind: auth.KindOfficer, Password: longest})
		four := strings.Repeat("𠮷𠮾", 64) // 512 bytes, all that is read
		n.account(t, auth.NewAccount{Login: "hoa.nt", Name: "Nguyễn Thị Hoa", Kind: auth.KindOfficer, Password: four})
		try := func(login, word string) error {
			_, _, err := n.SignIn(context.Background(), auth.Credentials{Login: login, Password: word, Network: "203.0.113.7", Device: "curl"})
			return err
		}
		for _, bad := range [][2]string{{"lan.nt", longest + "x"}, {"lan.nt", strings.ToUpper(longest)}, {"hoa.nt", four + "x"}, {"hoa.nt", four[:len(four)-4]}} {
			wantKind(t, try(bad[0], bad[1]), errs.Unauthenticated)
		}
		for login, word := range map[string]string{"lan.nt": longest, "hoa.nt": four} {
			if err := try(login, word); err != nil {
				t.Errorf("%s: %v", login, err)
			}
		}
	})
}
