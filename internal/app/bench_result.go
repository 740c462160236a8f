package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/app/citybench"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/result"
	"khue/internal/onestop/service"
	"khue/internal/onestop/signature"
	"khue/internal/register/certificate"
	"khue/internal/register/orgunit"
)

// benchResults is how many results are made; enough for several seconds.
const benchResults = 400

// benchAct are papers that wait for a hand and are signed in one act.
const benchAct = 100

// benchResult measures how many results a second are made: number taken and intent journalled,
// paper drawn, signed with a card, a seal and a time stamp for each, stored with fsync, entered in the register.
func benchResult(ctx context.Context, o citybench.Options) (rows []citybench.Row, err error) {
	p, closeCity, err := benchCity(ctx, o, Config{Opened: clock.MustDate("2026-11-09").At(8, 30)})
	if err != nil {
		return nil, err
	}
	defer closeCity()
	city, err := p.Settle(ctx)
	if err != nil {
		return nil, err
	}
	actors, err := p.actors(ctx, city)
	if err != nil {
		return nil, err
	}
	all, pkg, err := p.worships(actors["motcua"], benchResults+benchAct)
	if err != nil {
		return nil, err
	}
	filed := all[:benchResults]
	boss := actors["noivu.pgd"]
	agency, signer, err := p.benchSigner(boss, actors["lanhdao"])
	if err != nil {
		return nil, err
	}
	if !p.signsPapers().Working(ctx, signer.Account, agency, pkg.Result.Sign) {
		return nil, errors.New("the city of the bench does not sign")
	}
	work, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { _ = p.Jobs.Run(work, p.Results.Module().Jobs, nil) })
	clk := clock.System()
	began, busy := clk.Now(), citybench.Used()
	var next atomic.Int64
	var bad atomic.Pointer[error]
	var takers sync.WaitGroup
	for range 4 {
		takers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(filed) {
					return
				}
				err := p.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
					return p.Results.IntendIn(tx, dossier.Intent{Dossier: filed[i], Package: pkg, Unit: agency, Signer: signer})
				})
				if err != nil {
					bad.Store(&err)
					return
				}
			}
		})
	}
	takers.Wait()
	if e := bad.Load(); e != nil {
		return nil, *e
	}
	for {
		st, err := p.Jobs.Stats(ctx)
		if err != nil {
			return nil, err
		}
		if st.Dead > 0 {
			return nil, fmt.Errorf("%d papers could not be made", st.Dead)
		}
		made, err := p.Results.Made(ctx)
		if err != nil {
			return nil, err
		}
		if made >= len(filed) {
			break
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return nil, err
		}
	}
	took, used := clk.Now().Sub(began).Seconds(), (citybench.Used() - busy).Seconds()
	act, err := p.benchHands(boss, all[benchResults:], pkg, agency, signer)
	stop()
	wg.Wait()
	if err == nil {
		err = p.allSigned(ctx, all)
	}
	if err != nil {
		return nil, err
	}
	return []citybench.Row{
		{Name: "sign.act100_s", Value: act.Seconds(), Unit: "s", N: benchAct},
		{Name: "results.cpu_ms", Value: used * 1000 / float64(len(filed)), Unit: "ms of processor a result", N: len(filed)},
		{Name: "results.per_second", Value: float64(len(filed)) / took, Unit: "results/s", N: len(filed)},
	}, nil
}

// benchHands has papers wait for the deputy director, and measures from the one press that signs
// them all until the last is issued.
func (p *Program) benchHands(boss context.Context, filed []dossier.Dossier, pkg *service.Package, agency orgunit.UnitID, signer dossier.Did) (took time.Duration, err error) {
	if err := p.Results.Choose(boss, agency, true); err != nil {
		return 0, err
	}
	for _, d := range filed {
		err := p.DB.InTx(boss, func(_ context.Context, tx *db.Tx) error {
			return p.Results.IntendIn(tx, dossier.Intent{Dossier: d, Package: pkg, Unit: agency, Signer: signer})
		})
		if err != nil {
			return 0, err
		}
	}
	var papers []result.ID
	for len(papers) < len(filed) {
		if err := pause(boss, 20*time.Millisecond); err != nil {
			return 0, err
		}
		list, _, err := p.Results.ToSign(boss)
		if err != nil {
			return 0, err
		}
		papers = papers[:0]
		for _, x := range list {
			papers = append(papers, x.ID)
		}
	}
	clk := clock.System()
	began := clk.Now()
	batch, err := p.Results.SignBatch(boss, papers, "bench-act-0123456789")
	if err != nil {
		return 0, err
	}
	for {
		b, list, err := p.Results.Progress(boss, batch)
		if err != nil || len(b.Refused) > 0 {
			return 0, fmt.Errorf("%d papers were refused: %w", len(b.Refused), err)
		}
		open := 0
		for _, x := range list {
			if x.State != result.Issued {
				open++
			}
			if x.Fault != "" {
				return 0, fmt.Errorf("%s was not signed: %s", x.Text, x.Fault)
			}
		}
		if open == 0 {
			return clk.Now().Sub(began), nil
		}
		if err := pause(boss, 20*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// benchSigner gives the deputy director who signs the decisions a card, and the department a seal.
func (p *Program) benchSigner(boss, lead context.Context) (agency orgunit.UnitID, signer dossier.Did, err error) {
	if boss == nil || lead == nil {
		return 0, signer, errors.New("the demo has no deputy director")
	}
	at, _ := unitOf(auth.From(boss).Grants[0].Scope)
	a, ok := p.Units.Now().AgencyOf(at)
	if !ok {
		return 0, signer, errors.New("the deputy director has no agency")
	}
	for i, w := range []certificate.Wish{{Kind: certificate.Officer, Login: "noivu.pgd"}, {Kind: certificate.Seal, Unit: "unit:" + a.ID.String()}} {
		w.Basis = "Quyết định 01/QĐ-SNV"
		c, err := p.Certificates.Ask(boss, w, fmt.Sprintf("bench-card-0123456789-%d", i))
		if err != nil {
			return 0, signer, err
		}
		if _, err := p.Certificates.Decide(lead, c.ID, true); err != nil {
			return 0, signer, err
		}
	}
	sub := auth.From(boss)
	return a.ID, dossier.Did{Duty: dossier.Signed, Account: sub.Account, Name: sub.Name}, nil
}

// allSigned checks that each result bears its signature and seal: a figure of papers that are not
// signed would be none.
func (p *Program) allSigned(ctx context.Context, filed []dossier.Dossier) error {
	for i, d := range filed {
		list, err := p.Results.OfDossier(ctx, d)
		if err != nil {
			return err
		}
		if len(list) != 1 || !list[0].Signed {
			return fmt.Errorf("the result of %s is not signed: %+v", d.Code, list)
		}
		if i > 0 {
			continue
		}
		file, _, err := p.Results.Paper(ctx, d)
		if err != nil {
			return err
		}
		rep, err := p.Signatures.Verify(ctx, file)
		if err != nil || rep.Verdict != signature.Good || len(rep.Signatures) != 2 || rep.Signatures[0].Stamped.IsZero() {
			return fmt.Errorf("the paper of %s is %q with %d signatures: %w", d.Code, rep.Verdict, len(rep.Signatures), err)
		}
	}
	return nil
}

// worships files n dossiers of the service whose results the city numbers.
func (p *Program) worships(clerk context.Context, n int) (out []dossier.Dossier, pkg *service.Package, err error) {
	if pkg, err = p.Services.Find("hanoi.merit.martyr-worship", p.today()); err != nil {
		return nil, nil, err
	}
	if clerk == nil {
		return nil, nil, errors.New("the demo has no clerk")
	}
	answers := func(i int) form.Answers {
		out := form.Answers{}
		for path, v := range map[string]any{
			"applicant.commune": "00118", "applicant.holder": "relative", "applicant.name": "Nguyễn Văn Thành", "applicant.dob": "1958", "applicant.id": "999058000011",
			"applicant.address": "Số 12, đường Bát Khối", "applicant.kinship": "nephew", "martyr.name": "Nguyễn Văn Kiên", "martyr.hometown": "Gia Lâm, Hà Nội", "martyr.died": "1968",
			"martyr.certificate": fmt.Sprintf("AB %d b", i), "pay.method": "cash", "pay.never": true,
		} {
			out[path] = form.Answer{Value: v}
		}
		return out
	}
	for i := range n {
		f, err := p.Dossiers.Submit(clerk, dossier.Submission{
			Service: pkg.ID, Channel: "counter", Applicant: dossier.Party{Name: "Nguyễn Văn Thành", Phone: "0912000011"}, Answers: answers(i), Lang: "vi",
			Papers:   []form.File{{Paper: "request", Name: "don.pdf", Type: "pdf", Size: 90_000, Originals: 1}, {Paper: "authorisation", Name: "uy-quyen.pdf", Type: "pdf", Size: 90_000, Originals: 1}},
			Delivery: dossier.Delivery{Method: "counter"}, Key: fmt.Sprintf("bench-level4-%d", i),
		})
		if err != nil {
			return nil, nil, err
		}
		var d dossier.Dossier
		err = p.DB.View(clerk, func(_ context.Context, v *db.View) error {
			d, err = p.Dossiers.FindID(v, f.ID)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		out = append(out, d)
	}
	return out, pkg, nil
}
