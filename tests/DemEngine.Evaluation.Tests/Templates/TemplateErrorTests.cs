using DemEngine.Evaluation.Templates;

namespace DemEngine.Evaluation.Tests.Templates;

public class TemplateErrorTests
{
    [TestCase("a\n{{ 'x' ", 2, "{{ is not closed")]
    [TestCase("{% if x %}\n\n", 2, "{% endif %} is expected")]
    [TestCase("{% for x in y %}{% endif %}", 1, "'endif' is not supported")]
    [TestCase("\n\n{{ a $ b }}", 3, "'$' is no token")]
    [TestCase("{{ (1 }}", 1, "'}' closes nothing")]
    [TestCase("{% include 'x' %}", 1, "'include' is not supported")]
    [TestCase("{# never", 1, "{# is not closed")]
    [TestCase("{% raw %}", 1, "{% endraw %}")]
    [TestCase("{{ f(*a) }}", 1, "* or **")]
    [TestCase("{% for a in b recursive %}{% endfor %}", 1, "recursive")]
    [TestCase("{{ '\\x0' }}", 1, "digits")]
    public void What_is_no_template_is_named_with_its_line(string source, int line, string what)
    {
        var error = Assert.Throws<DemException>(() => _ = new Template(source, "chat.jinja"))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.BadChatTemplate));
        Assert.That(error.Message, Does.StartWith($"chat.jinja:{line}: ").And.Contains(what));
    }

    [TestCase("\n{{ x.y }}", 2, "'x' is undefined")]
    [TestCase("{{ 1 + 'a' }}", 1, "'+' cannot be used")]
    [TestCase("{{ 1 // 0 }}", 1, "divided by 0")]
    [TestCase("{{ 2 ** 64 }}", 1, "too large")]
    [TestCase("{{ [9223372036854775807, 1] | sum }}", 1, "too large")]
    [TestCase("{{ (-9223372036854775807 - 1) | abs }}", 1, "too large")]
    [TestCase("{{ -(-9223372036854775807 - 1) }}", 1, "too large")]
    [TestCase("{{ none.strip() }}", 1, "'strip'")]
    [TestCase("{{ 'a' | nothing }}", 1, "filter 'nothing'")]
    [TestCase("{{ 'a' is nothing }}", 1, "test 'nothing'")]
    [TestCase("{{ [1].append(2) }}", 1, "would change")]
    [TestCase("{% set x = 1 %}\n{% set x.y = 2 %}", 2, "no namespace")]
    [TestCase("{% for a, b in [[1, 2, 3]] %}{% endfor %}", 1, "2 parts")]
    [TestCase("{% for a in 5 %}{% endfor %}", 1, "cannot be gone through")]
    [TestCase("{{ [1] < 2 }}", 1, "no order")]
    [TestCase("{{ [2, none, 1] | sort }}", 1, "no order")]
    [TestCase("{{ range(1000000) | length }}", 1, "more than")]
    [TestCase("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}x{% endfor %}", 1, "does not come to an end")]
    [TestCase("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", 1, "macros call each other")]
    [TestCase("{{ 'x'.strip(1, 2) }}", 1, "at most 1")]
    [TestCase("{{ 'x'.strip(sep='y') }}", 1, "no argument 'sep'")]
    public void What_a_template_cannot_do_is_named_with_its_line(string source, int line, string what)
    {
        var template = new Template(source, "chat.jinja");
        var error = Assert.Throws<DemException>(() => template.Render(new Dictionary<string, object?>()))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.BadChatTemplate));
        Assert.That(error.Message, Does.StartWith($"chat.jinja:{line}: ").And.Contains(what));
    }

    [Test]
    public void Deep_nesting_is_refused()
    {
        string source = "{{ " + new string('(', 5000) + "1" + new string(')', 5000) + " }}";
        Assert.That(Assert.Throws<DemException>(() => _ = new Template(source, "t"))!.Message, Does.Contain("inside each other"));
    }

    [TestCase("{{ range(0, 9223372036854775807, 9223372036854775806) | list }}", "[0, 9223372036854775806]")]
    [TestCase("{{ range(0, -9223372036854775807, -9223372036854775806) | list }}", "[0, -9223372036854775806]")]
    [TestCase("{{ [1, 2, 3][1::9223372036854775807] }}", "[2]")]
    [TestCase("{{ [1, 2, 3][1::-9223372036854775807] }}", "[2]")]
    [TestCase("{{ [9223372036854775807, 1, -1] | sum }}", "9223372036854775807")]
    public void Steps_and_sums_may_pass_the_largest_number(string source, string text) =>
        Assert.That(new Template(source, "t").Render(new Dictionary<string, object?>()).ToString(), Is.EqualTo(text));

    [Test]
    public void A_date_is_the_same_on_every_day_and_not_offered()
    {
        var template = new Template("{{ strftime_now is defined }} {{ strftime_now('%d %b %Y') }}", "t");
        Assert.That(template.Render(new Dictionary<string, object?>()).ToString(), Is.EqualTo("False 26 Jul 2024"));
    }
}
