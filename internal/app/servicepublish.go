package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/id"
	"khue/internal/onestop/service"
)

// shelfFlags are those of the commands that act on a city's library.
type shelfFlags struct {
	storageFlags
	As string `required:"" help:"Login of the account that acts." placeholder:"LOGIN"`
}

// open starts the program and tells who acts.
func (f shelfFlags) open(c *command) (*Program, context.Context, error) {
	cfg, err := f.existing(c)
	if err != nil {
		return nil, nil, err
	}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	ctx, err := p.actingAs(c.ctx, f.As)
	if err != nil {
		p.Close()
		return nil, nil, err
	}
	return p, ctx, nil
}

// actingAs is a context in which an account acts with the grants that it has today.
func (p *Program) actingAs(ctx context.Context, login string) (context.Context, error) {
	a, err := p.Auth.FindAccount(ctx, login)
	if err != nil {
		return nil, err
	}
	grants, err := p.Auth.GrantsOf(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	s := auth.Subject{Account: a.ID, Name: a.Name, Login: a.Login, Kind: a.Kind, Level: a.Level}
	for _, g := range grants {
		if g.On(p.today()) {
			s.Grants = append(s.Grants, g.Grant)
		}
	}
	return auth.With(ctx, s), nil
}

func (c *command) submission(x service.Submission) {
	fmt.Fprintf(c.out, "%s %s %s: %s", x.ID, x.Service, x.Version, x.Stage)
	if !x.From.IsZero() {
		fmt.Fprintf(c.out, ", from %s", x.From)
	}
	if !x.Until.IsZero() {
		fmt.Fprintf(c.out, ", until %s", x.Until)
	}
	fmt.Fprintln(c.out)
}

type serviceTrustCmd struct {
	shelfFlags
	Key string `arg:"" help:"Public key of the author, or a file with it."`
}

// Run registers an author's key; from then on the city takes packages with its signature.
func (s *serviceTrustCmd) Run(c *command) error {
	key := s.Key
	if b, err := os.ReadFile(s.Key); err == nil {
		key = string(b)
	}
	p, ctx, err := s.open(c)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Policies.Can(ctx, service.ActDecide, auth.Resource{}); err != nil {
		return err
	}
	name, err := p.Library.AddAuthor(ctx, strings.TrimSpace(key), auth.From(ctx).Account)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, name)
	return nil
}

type serviceSubmitCmd struct {
	shelfFlags
	File string `arg:"" help:"Signed archive, from khue service pack." type:"existingfile"`
}

// Run hands a package in.
func (s *serviceSubmitCmd) Run(c *command) error {
	archive, err := readArchive(s.File)
	if err != nil {
		return err
	}
	p, ctx, err := s.open(c)
	if err != nil {
		return err
	}
	defer p.Close()
	if pkg, problems := p.Library.Check("", archive); pkg == nil {
		return c.report(typed(s.File), problems)
	}
	x, err := p.Library.Submit(ctx, rand.Text(), archive)
	if err != nil {
		return err
	}
	c.submission(x)
	return nil
}

type serviceReviewCmd struct {
	shelfFlags
	ID     string `arg:"" help:"Number of the submission."`
	Reject bool   `help:"Reject it; give a reason."`
	Reason string `help:"Why."`
}

// Run finds a submission good, or rejects it.
func (s *serviceReviewCmd) Run(c *command) error {
	return s.act(c, s.ID, func(ctx context.Context, l *service.Library, v service.SubmissionID) (service.Submission, error) {
		return l.Review(ctx, rand.Text(), v, !s.Reject, s.Reason)
	})
}

type servicePublishCmd struct {
	shelfFlags
	ID   string `arg:"" help:"Number of the submission."`
	From string `help:"First day in force, YYYY-MM-DD; empty: today."`
}

// Run puts a reviewed package in force.
func (s *servicePublishCmd) Run(c *command) error {
	return s.act(c, s.ID, func(ctx context.Context, l *service.Library, v service.SubmissionID) (service.Submission, error) {
		from, err := dayOr(s.From, l.Clock)
		if err != nil {
			return service.Submission{}, err
		}
		return l.Publish(ctx, rand.Text(), v, from)
	})
}

type serviceRetireCmd struct {
	shelfFlags
	ID     string `arg:"" help:"Number of the submission."`
	Until  string `help:"First day on which it is no more, YYYY-MM-DD; empty: today."`
	Reason string `required:"" help:"Why."`
}

// Run takes a published package out of force.
func (s *serviceRetireCmd) Run(c *command) error {
	return s.act(c, s.ID, func(ctx context.Context, l *service.Library, v service.SubmissionID) (service.Submission, error) {
		until, err := dayOr(s.Until, l.Clock)
		if err != nil {
			return service.Submission{}, err
		}
		return l.Retire(ctx, rand.Text(), v, until, s.Reason)
	})
}

func (f shelfFlags) act(c *command, number string, do func(context.Context, *service.Library, service.SubmissionID) (service.Submission, error)) error {
	v, err := id.Parse[service.Submission](number)
	if err != nil {
		return fmt.Errorf("%w: %q is not the number of a submission", errUsage, number)
	}
	p, ctx, err := f.open(c)
	if err != nil {
		return err
	}
	defer p.Close()
	x, err := do(ctx, p.Library, v)
	if err != nil {
		return err
	}
	c.submission(x)
	return nil
}

func dayOr(s string, clk clock.Clock) (clock.Date, error) {
	if s == "" {
		return clock.DateOf(clk.Now()), nil
	}
	d, err := clock.ParseDate(s)
	if err != nil {
		return d, fmt.Errorf("%w: %w", errUsage, err)
	}
	return d, nil
}
