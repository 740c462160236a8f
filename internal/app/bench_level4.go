package app

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"
	"time"

	"khue/internal/app/citybench"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/signature"
)

// benchLevel4 is the group level4: pay, sign, issue.
func benchLevel4(parts ...citybench.Part) citybench.Group {
	return citybench.Group{Name: "level4", Help: "verify.pdf_ms, verify.pdf_p95_ms, verify.cpu_ms: a paper with a signature and a seal; notices.per_second, ledger.balance_ms: paid online; sign.act100_s: 100 papers that wait, from the press until the last is issued; results.per_second, results.cpu_ms: numbered, drawn, signed with card, seal and time stamps, stored, entered", Run: func(ctx context.Context, o citybench.Options) (out []citybench.Row, err error) {
		for _, p := range parts {
			rows, err := p(ctx, o)
			if err != nil {
				return out, err
			}
			out = append(out, rows...)
		}
		return out, nil
	}}
}

const readRounds = 200

// benchSign verifies a paper with a visible signature, a seal and time stamps. What an act over many
// papers takes is measured where officers give it (benchResult).
func benchSign(ctx context.Context, o citybench.Options) (rows []citybench.Row, err error) {
	p, closeCity, err := benchCity(ctx, o, Config{Opened: clock.MustDate("2025-06-23").At(8, 10)})
	if err != nil {
		return nil, err
	}
	defer closeCity()
	city, err := p.Settle(ctx)
	if err != nil {
		return nil, err
	}
	chair, err := p.DemoCards(ctx, city)
	if err != nil {
		return nil, err
	}
	var picture bytes.Buffer
	m := image.NewNRGBA(image.Rect(0, 0, 300, 150))
	for x := range 300 {
		m.SetNRGBA(x, x/2, color.NRGBA{B: 200, A: 255})
	}
	if err := png.Encode(&picture, m); err != nil {
		return nil, err
	}
	look := &signature.Visible{Rect: [4]float64{350, 200, 450, 260}, Kind: signature.Personal, Image: picture.Bytes()}
	text := pdf.Layout{Blocks: []pdf.Block{{Paragraph: &pdf.Paragraph{Text: "Giấy phép số 1"}}}}
	plain, err := pdf.Render(text, pdf.Options{Fonts: fonts(), Title: "Giấy phép", Lang: "vi", Created: p.Clock.Now()})
	if err != nil {
		return nil, err
	}
	card, err := p.Signatures.OfficerSigner(chair, auth.From(chair).Account)
	if err != nil {
		return nil, err
	}
	one, err := p.Signatures.SignPDF(chair, plain, card, look, "Ban hành")
	if err != nil {
		return nil, err
	}
	unit, _ := unitOf(auth.From(chair).Grants[0].Scope)
	seal, err := p.Signatures.SealSigner(chair, unit)
	if err != nil {
		return rows, err
	}
	two, err := p.Signatures.SignPDF(chair, one, seal, &signature.Visible{Rect: signature.SealOver(look.Rect), Kind: signature.Seal, Image: picture.Bytes()}, "")
	if err != nil {
		return rows, err
	}
	clk := clock.System()
	var took []time.Duration
	busy := citybench.Used()
	for range readRounds {
		start := clk.Now()
		rep, err := p.Signatures.Verify(ctx, two)
		if err != nil || rep.Verdict != signature.Good {
			return rows, fmt.Errorf("bench: verified %q: %w", rep.Verdict, err)
		}
		took = append(took, clk.Now().Sub(start))
	}
	used := citybench.Used() - busy
	slices.Sort(took)
	at := func(share int) float64 { return took[len(took)*share/100].Seconds() * 1000 }
	return append(rows,
		citybench.Row{Name: "verify.pdf_ms", Value: at(50), Unit: "ms (median)", N: readRounds},
		citybench.Row{Name: "verify.cpu_ms", Value: used.Seconds() * 1000 / readRounds, Unit: "ms of processor", N: readRounds},
		citybench.Row{Name: "verify.pdf_p95_ms", Value: at(95), Unit: "ms", N: readRounds}), nil
}
