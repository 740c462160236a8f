package dossier_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
)

const oldHead = "ma_ho_so;thu_tuc;nguoi_nop;dien_thoai;don_vi;ngay_nop;ngay_tiep_nhan;hen_tra;trang_thai;buoc;ngay_ket_thuc;giay_to;lich_su\n"

// Dossiers of an old system stand where it left them, with its dates, and count as it says.
func TestAdopt(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		read := func(text string) []dossier.OldDossier {
			t.Helper()
			rows, notes, err := dossier.ReadOld(strings.NewReader(text), int64(len(text)))
			if err != nil || len(notes) > 0 {
				t.Fatal(err, notes)
			}
			return rows
		}
		good := oldHead +
			"CU-0001;1.001193;Trần Văn Một;0912000101;00133;20/06/2025 08:30;20/06/2025 09:00;24/06/2025;đang xử lý;verify;;Giấy chứng sinh:1:0;\"20/06/2025 09:05|Mai|Chuyển tư pháp\n20/06/2025 10:00|Châu|Đã xem\"\n" +
			"CU-0002;1.001193;Trần Văn Hai;;00133;23/06/2025 08:00;;;mới nộp;;;;\n" +
			"CU-0003;1.001193;Trần Văn Ba;0912000103;00133;02/06/2025 08:30;02/06/2025 09:00;02/06/2025;đã trả kết quả;;03/06/2025 10:00;;\n" +
			"CU-0004;1.001193;Trần Văn Tư;0912000104;00133;19/06/2025 08:30;19/06/2025 09:00;19/06/2025;đã có kết quả;;19/06/2025 15:00;;\n" +
			"CU-0005;1.001193;Trần Văn Năm;0912000105;00133;19/06/2025 08:30;;;từ chối;;19/06/2025 10:00;;\n" +
			"CU-0006;1.001193;Trần Văn Sáu;0912000106;00133;19/06/2025 08:30;19/06/2025 09:00;20/06/2025;rút hồ sơ;;19/06/2025 10:00;;\n" +
			"CU-0007;1.001193;Trần Văn Bảy;0912000107;00133;19/06/2025 08:30;19/06/2025 09:00;20/06/2025;chờ bổ sung;;;;\n"
		ctx := t.Context()
		dry, err := c.Dossiers.Adopt(ctx, read(good), dossier.AdoptOptions{DryRun: true})
		if err != nil || dry.Added != 7 || len(dry.Refused) > 0 {
			t.Fatalf("%v %+v", err, dry)
		}
		c.As("clerk").Get("/api/v1/dossiers/CU-0001").Want(404)
		rep, err := c.Dossiers.Adopt(ctx, read(good), dossier.AdoptOptions{})
		if err != nil || rep.Added != 7 || rep.Open != 3 || len(rep.Doubts) != 1 {
			t.Fatalf("%v %+v", err, rep)
		}
		again, err := c.Dossiers.Adopt(ctx, read(strings.Replace(good, "Trần Văn Ba", "Trần Văn Bốn", 1)), dossier.AdoptOptions{})
		if err != nil || again.Same != 6 || len(again.Changed) != 1 || again.Added != 0 {
			t.Fatalf("the same again: %v %+v", err, again)
		}

		// They keep code and dates, and lie in the right queue.
		chair := subjectOf(t, c, "chutich")
		see := auth.With(ctx, chair)
		d, content, tasks, err := c.Dossiers.Read(see, "CU-0001")
		if err != nil {
			t.Fatal(err)
		}
		if want := clock.MustDate("2025-06-24").At(17, 0); !d.DueAt.Equal(want) || !d.SubmittedAt.Equal(clock.MustDate("2025-06-20").At(8, 30)) {
			t.Errorf("due %s, filed %s", d.DueAt, d.SubmittedAt)
		}
		if len(tasks) != 1 || !tasks[0].Open || tasks[0].Step != "verify" || content.Papers[0].Originals != 1 {
			t.Errorf("it stands at %+v", tasks)
		}
		queue := string(c.As("justiceOfficer").Get("/api/v1/tasks?role=justiceOfficer").Want(200).Body)
		if !strings.Contains(queue, "CU-0001") {
			t.Error("the justice officer does not have it")
		}
		// The timeline says when the old system says it happened; the journal when it came.
		lines, err := c.Dossiers.Timeline(see, d, dossier.SeeAll)
		if err != nil {
			t.Fatal(err)
		}
		said := 0
		for _, l := range lines {
			if !l.Imported {
				t.Errorf("%s is not marked as imported", l.Kind)
			}
			if l.Kind == dossier.KindAdopted && l.Comment == "Đã xem" && l.By == "Châu" && l.At.Equal(clock.MustDate("2025-06-20").At(10, 0)) {
				said++
			}
		}
		if said != 1 {
			t.Errorf("the old history is lost: %+v", lines)
		}
		for code, want := range map[string]process.State{
			"CU-0002": process.Submitted, "CU-0003": process.Returned, "CU-0004": process.Done, "CU-0005": process.NotAccepted, "CU-0006": process.Withdrawn, "CU-0007": process.Supplement,
		} {
			if v, _, err := c.Dossiers.Seeable(see, code); err != nil || want.Ended() && c.Looks.GiveReason(see, dossier.SubjectType, int64(v), "archive", "Đối chiếu với hệ thống cũ", web.NewKey()) != nil {
				t.Errorf("%s: %v", code, err)
			}
			if d, _, _, err := c.Dossiers.Read(see, code); err != nil || d.State != want {
				t.Errorf("%s: %v %v, want %v", code, err, d.State, want)
			}
		}
		// The report counts them as a recount from the journal does.
		p := dossier.Period{From: clock.MustDate("2025-06-01"), To: clock.MustDate("2025-06-23")}
		fast, err := c.Dossiers.ReportOf(see, d.Competent, p)
		if err != nil {
			t.Fatal(err)
		}
		slow, err := c.Dossiers.RecountOf(see, d.Competent, p)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(slow.Lines, fast.Lines); diff != "" || len(fast.Lines) != 1 {
			t.Errorf("the report differs from a recount: %s", diff)
		}
		// And they go on here.
		c.As("justiceOfficer").Post("/api/v1/tasks/"+tasks[0].ID.String()+"/complete", map[string]any{"version": tasks[0].Version, "action": "refuse", "comment": "Trùng hồ sơ"}).Want(200)

		// Rows that will not do are told, each with its line.
		bad := oldHead +
			"CU-0101;9.999999;Ai Đó;;00133;20/06/2025;20/06/2025;;đang xử lý;;;;\n" +
			"CU-0102;1.001193;Ai Đó;;99999;20/06/2025;20/06/2025;;đang xử lý;;;;\n" +
			"CU-0103;1.001193;Ai Đó;;00133;20/06/2025;20/06/2025;;đang xử lý;dance;;;\n" +
			"CU-0104;1.001193;Ai Đó;;00133;20/06/2025;;;đã trả kết quả;;20/06/2025;;\n" +
			"CU-0105;1.001193;Ai Đó;;00133;20/06/2030;;;mới nộp;;;;\n" +
			"CU-0106;1.001193;Ai Đó;;00133;20/06/2025;;;bay;;;;\n" +
			"CU-0107;1.001193;Ai Đó;;00133;20/06/2025;;;mới nộp;;;;\n" +
			"CU-0107;1.001193;Ai Đó;;00133;20/06/2025;;;mới nộp;;;;\n"
		rep, err = c.Dossiers.Adopt(ctx, read(bad), dossier.AdoptOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range rep.Refused {
			got = append(got, n.Key)
			if said := c.Bundle.Map("vi", n.Key, n.Params); strings.Contains(said, "{") {
				t.Errorf("%s: %s", n.Key, said)
			}
		}
		want := []string{"procedure", "unit", "step", "notAccepted", "submitted", "state", "twice"}
		for i := range want {
			want[i] = "dossier.adopt." + want[i]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if _, _, err := dossier.ReadOld(strings.NewReader("a;b\n1;2\n"), 8); err == nil {
			t.Error("a file without columns is taken")
		}
	})
}

func subjectOf(t *testing.T, c *citytest.City, login string) auth.Subject {
	t.Helper()
	for _, a := range c.Demo.Accounts {
		if a.Login == login {
			sub, err := c.Auth.Resolve(context.Background(), a.Token)
			if err != nil {
				t.Fatal(err)
			}
			return sub
		}
	}
	t.Fatal("nobody is ", login)
	return auth.Subject{}
}
