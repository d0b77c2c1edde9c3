/* Numbers in words: three digits that count and the unit that fits, from nothing to much. */
#include "base/numbers.h"
#include "support/suite.h"

static const struct {
    double seconds;
    const char *text;
} spans[] = {
    {0, "0 s"},           {0.0000000123, "12.3 ns"}, {0.0000512, "51.2 us"}, {0.0009996, "1.00 ms"},
    {0.00497, "4.97 ms"}, {0.0203, "20.3 ms"},       {0.2, "200 ms"},        {1.234, "1.23 s"},
    {12.34, "12.3 s"},    {59.94, "59.9 s"},         {60, "1 min 0 s"},      {243, "4 min 3 s"},
    {7384, "2 h 3 min"}};
static const struct {
    int64_t n;
    const char *bytes, *count;
} sizes[] = {{0, "0 B", "0"},
             {1023, "1023 B", "1.02 k"},
             {1536, "1.50 KiB", "1.54 k"},
             {999600, "976 KiB", "1.00 M"},
             {43211234, "41.2 MiB", "43.2 M"},
             {478000000, "456 MiB", "478 M"},
             {12345678901, "11.5 GiB", "12.3 G"}};

START_TEST(words) {
    char text[IK__WORDS];
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        ck_assert_str_eq(ik__time_words(text, spans[i].seconds), spans[i].text);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ck_assert_str_eq(ik__byte_words(text, sizes[i].n), sizes[i].bytes);
        ck_assert_str_eq(ik__count_words(text, sizes[i].n), sizes[i].count);
    }
}
END_TEST

int main(void) {
    return RUN_SUITE("numbers", NULL, NULL, {words});
}
