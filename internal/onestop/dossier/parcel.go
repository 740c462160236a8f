package dossier

import (
	"context"
	"net/url"
	"strings"

	"khue/internal/kernel/db"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/notify"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// ParcelNews is what the post said of a result on its way.
type ParcelNews struct {
	State    string // as of result.ParcelState
	Tracking string
	Number   string         // of the result
	Desk     orgunit.UnitID // whose counter it comes back to
	Needs    bool           // somebody there has to do something
}

// TellParcel tells the owner of a dossier where the parcel with its result is, and, where it needs
// somebody, the clerks of the counter. Each state is told once.
func (s *Service) TellParcel(_ context.Context, tx *db.Tx, v ID, n ParcelNews) error {
	d, f, err := findFiling(tx, v)
	if err != nil {
		return err
	}
	lang, _ := i18n.ParseLang(f.Lang)
	page := "/dossiers/" + url.PathEscape(d.Code)
	desk := ""
	if u, ok := s.Units.Now().Get(n.Desk); ok {
		desk = u.Name
	}
	text := func(who string) func(i18n.Lang) notify.Text {
		return func(l i18n.Lang) notify.Text {
			kv := []any{"code", d.Code, "tracking", n.Tracking, "number", n.Number, "desk", desk}
			return notify.Text{
				Title: s.words.T(l, "dossier.parcel."+who+".title", kv...), Body: s.words.T(l, "dossier.parcel."+who+"."+n.State, kv...), Lock: s.words.T(l, "dossier.tell.lock", "code", d.Code),
			}
		}
	}
	notice := notify.Notice{
		Cause: "parcel." + n.Number + "." + d.Code + "." + n.State, Kind: notify.Decision, Unit: d.Competent, Lang: lang, Link: page, Account: d.Submitter, Name: d.Applicant,
		Email: f.Applicant.Email, Phone: f.Applicant.Phone, Outside: strings.TrimSuffix(s.Address, "/") + page + "?k=" + url.QueryEscape(s.AccessKey(d.Code)), Text: text("owner"),
	}
	if s.Notices.Reachable(d.Submitter, f.Applicant.Email, f.Applicant.Phone) && n.State != "refused" {
		if err := s.Notices.Tell(tx, notice); err != nil {
			return err
		}
	}
	if !n.Needs {
		return nil
	}
	clerks, err := s.warned(tx, Task{Role: string(orgunit.RoleClerk), Unit: d.Receiving}, service.WarnHolder)
	if err != nil {
		return err
	}
	for _, a := range clerks {
		x := notify.Notice{Cause: notice.Cause + ".desk", Kind: notify.Work, Unit: d.Receiving, Lang: i18n.VI, Link: "/desk/parcels", Account: a.ID, Name: a.Name, Text: text("desk")}
		if err := s.Notices.Tell(tx, x); err != nil {
			return err
		}
	}
	return nil
}
