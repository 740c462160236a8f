package signature

import (
	"strings"
	"testing"
	"unicode/utf8"

	"khue/internal/kernel/clock"
)

// The seal is in real size and covers the left third of the person's signature (Decree 30/2020, annex I).
func TestTheSealCoversTheLeftThird(t *testing.T) {
	t.Parallel()
	person := [4]float64{340, 200, 460, 260}
	seal := SealOver(person)
	if right := person[0] + (person[2]-person[0])/3; seal[2] != right {
		t.Errorf("the seal ends at %v, a third of the signature at %v", seal[2], right)
	}
	const point = 25.4 / 72
	if mm := (seal[2] - seal[0]) * point; mm < 35.9 || mm > 36.1 || seal[2]-seal[0] != seal[3]-seal[1] {
		t.Errorf("the seal is %v mm wide and %v high", mm, (seal[3]-seal[1])*point)
	}
	if a, b := seal[1]+seal[3], person[1]+person[3]; a != b {
		t.Errorf("the seal stands %v beside the middle of the signature", (a-b)/2)
	}
}

// A signature of which nobody has an image is seen all the same: the person's says that it was signed
// and when, the seal bears the agency's name.
func TestASignatureWithoutAnImageIsSeen(t *testing.T) {
	t.Parallel()
	at := clock.MustDate("2026-11-09").At(8, 30)
	if got := plain(Visible{Kind: Personal}, "Vũ Đức Thắng", at).Lines; strings.Join(got, "|") != "Đã ký số|09/11/2026 08:30" {
		t.Errorf("a person's: %q", got)
	}
	if got := plain(Visible{Kind: Seal}, "Ủy ban nhân dân phường Ngọc Lâm", at).Lines; strings.Join(got, "|") != "ỦY BAN NHÂN DÂN|PHƯỜNG NGỌC LÂM" {
		t.Errorf("a seal: %q", got)
	}
	if got := plain(Visible{Kind: Personal, Image: []byte{1}}, "x", at).Lines; got != nil {
		t.Errorf("an image gets words too: %q", got)
	}
	for _, l := range wrapped("Sở Nông nghiệp, Môi trường và Phát triển nông thôn thành phố Hà Nội khu vực Đông Bắc") {
		if utf8.RuneCountInString(l) > sealLine {
			t.Errorf("a line too long for the rim: %q", l)
		}
	}
}
