package main

import "khue/internal/kernel/ui"

type tone struct {
	word string
	tone ui.Tone
}

var tones = [...]tone{
	{"Mới nộp", ui.ToneNew}, {"Đang giải quyết", ui.ToneActive}, {"Chờ bổ sung", ui.ToneWaiting},
	{"Đã trả kết quả", ui.ToneDone}, {"Từ chối", ui.ToneStopped}, {"Quá hạn", ui.ToneLate},
	{"Sắp đến hạn", ui.ToneSoon}, {"Lưu trữ", ui.ToneNeutral},
}

func problems(bad bool) ui.Problems {
	if !bad {
		return nil
	}
	return ui.Problems{
		{Field: "child.name", Text: "Nhập họ, chữ đệm và tên của trẻ"},
		{Field: "child.dob", Text: "Ngày sinh phải là một ngày có thật, như 27 3 2025"},
		{Field: "child.sex", Text: "Chọn giới tính của trẻ"},
		{Field: "unit", Text: "Chọn nơi đăng ký"},
		{Field: "slip", Text: "Tệp không đọc được. Hãy chụp lại cho rõ rồi gửi lại."},
	}
}

func deskRows() []ui.Row {
	rows := []ui.Row{
		deskRow("H26.16.2-250620-0031", "Đăng ký khai sinh", "Lê Thị Ánh Tuyết", "Thẩm tra", "17:00 20/6", "Quá hạn", ui.ToneLate),
		deskRow("H26.16.2-250623-0002", "Cấp bản sao trích lục hộ tịch", "Phạm Quốc Khánh", "Tiếp nhận", "11:30 23/6", "Sắp đến hạn", ui.ToneSoon),
		deskRow("H26.16.2-250623-0007", "Đăng ký khai sinh", "Nguyễn Thị Hòa", "Thẩm tra", "17:00 23/6", "Đang giải quyết", ui.ToneActive),
		deskRow("H26.16.2-250623-0009", "Xác nhận tình trạng hôn nhân", "Đỗ Đức Mạnh", "Tiếp nhận", "26/6", "Mới nộp", ui.ToneNew),
		deskRow("H26.16.2-250619-0014", "Đăng ký thành lập hộ kinh doanh", "Công ty TNHH Thương mại và Dịch vụ Hoàng Ngân", "Bổ sung", "", "Chờ bổ sung", ui.ToneWaiting),
	}
	rows[2].Marked = true
	return rows
}

func deskRow(code, procedure, who, step, due, state string, t ui.Tone) ui.Row {
	return ui.Row{
		Select: code, Label: code,
		Cells: []ui.Cell{
			{Body: codeLink(code)},
			ui.T(procedure), ui.T(who), ui.T(step), ui.T(due), ui.Tagged(state, t),
			ui.C(ui.Button(ui.ButtonArgs{Label: "Nhận", Kind: ui.ButtonSecondary, Small: true, Form: "bulk", Name: "claim", Value: code, Hidden: "hồ sơ " + code})),
		},
	}
}
