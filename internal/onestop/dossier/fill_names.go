package dossier

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Invented people. Their personal numbers begin with 999, a prefix of no province.
//
//nolint:gochecknoglobals // immutable tables
var (
	families = words("Nguyễn Nguyễn Nguyễn Trần Trần Lê Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đào Đinh Mai Trịnh Tạ Cao Lưu Quách Kiều Tô Chu Lương Khuất Nghiêm")
	womens   = words("Anh Bích Chi Diệp Dung Duyên Giang Hà Hạnh Hiền Hoa Hồng Huệ Hương Lan Liên Linh Loan Mai My Nga Ngân Ngọc Nhung Oanh Phương Quỳnh Thảo Thơm Thu Thủy Trang Tuyết Vân Yến")
	mens     = words("An Bách Bảo Bình Cường Dũng Duy Đạt Đức Giang Hải Hiếu Hòa Hoàng Hùng Huy Khang Khôi Kiên Lâm Long Minh Nam Nghĩa Phong Phúc Quân Quang Sơn Tài Thắng Thành Tiến Toàn Trung Tuấn Việt Vinh")
	hers     = words("Minh Thu Ngọc Thanh Bích Khánh Phương Quỳnh Hồng Kim Thùy Bảo Gia Diệu")
	his      = words("Minh Ngọc Thanh Hải Quang Đức Gia Bảo Khánh Nhật Tuấn Xuân Hữu Đình")
	shops    = words("Tạp-hóa Bún-chả Phở Cà-phê May-đo Sửa-xe Hoa-tươi Nhà-sách Cắt-tóc Giặt-là Điện-nước Bánh-mì")
	streets  = words("Lúa Sen Sông Đình Chợ Gạch Trầu Bưởi Nhãn Đa Gạo Cầu Đò Lụa")

	reasons = map[string][]string{
		"supplement": {"Ảnh chụp giấy tờ bị mờ, đề nghị chụp lại rõ cả trang.", "Thiếu bản sao giấy tờ chứng minh nơi ở.", "Thông tin trong tờ khai không khớp với giấy tờ kèm theo."},
		"refuse":     {"Hồ sơ không thuộc thẩm quyền giải quyết của cơ quan này.", "Không đủ điều kiện theo quy định; đề nghị nộp lại khi đã có đủ giấy tờ."},
		"extend":     {"Cần xác minh thêm với cơ quan liên quan. Chúng tôi xin lỗi vì sự chậm trễ.", "Hệ thống liên thông tạm dừng, chưa nhận được kết quả. Chúng tôi xin lỗi."},
	}
)

func words(s string) []string {
	list := strings.Fields(s)
	for i := range list {
		list[i] = strings.ReplaceAll(list[i], "-", " ")
	}
	return list
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func inventName(r *rand.Rand, woman bool) string {
	family := pick(r, families)
	switch {
	case woman && r.IntN(3) > 0:
		return family + " Thị " + pick(r, womens)
	case woman:
		return family + " " + pick(r, hers) + " " + pick(r, womens)
	case r.IntN(3) == 0:
		return family + " Văn " + pick(r, mens)
	}
	return family + " " + pick(r, his) + " " + pick(r, mens)
}

func inventAddress(r *rand.Rand) string {
	return fmt.Sprintf("Số %d, ngõ %d, phố %s", 1+r.IntN(180), 2+r.IntN(90), pick(r, streets))
}

// personName reports whether a text of a scenario is somebody's name.
func personName(s string) bool {
	list := strings.Fields(s)
	if len(list) < 2 || len(list) > 5 {
		return false
	}
	for _, f := range families {
		if list[0] == f {
			return true
		}
	}
	return false
}
