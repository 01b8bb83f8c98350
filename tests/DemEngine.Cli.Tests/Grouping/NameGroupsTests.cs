using DemEngine.Cli.Grouping;

namespace DemEngine.Cli.Tests.Grouping;

public sealed class NameGroupsTests
{
    [Test]
    public void Experts_of_all_layers_share_a_line()
    {
        string[] names =
        [
            "model.embed_tokens.weight",
            .. from layer in Enumerable.Range(0, 5)
               from expert in Enumerable.Range(0, 4)
               from matrix in new[] { "gate", "up", "down" }
               select $"model.layers.{layer}.mlp.experts.{expert}.{matrix}_proj.weight",
        ];
        Assert.That(Lines(names), Is.EqualTo(["1 model.embed_tokens.weight", "5×4×3 model.layers.*.mlp.experts.*.{gate,up,down}_proj.weight"]));
    }

    [Test]
    public void Layers_of_which_other_things_are_said_are_told_apart()
    {
        string[] names = [.. Enumerable.Range(0, 8).Select(layer => $"layers.{layer}.w")];
        Assert.That(
            NameGroups.Of(names.Length, k => names[k], k => k is 2 or 3 or 4 or 6).Select(group => $"{group.Count} {group.Pattern}"),
            Is.EqualTo(["4 layers.[0-1,5,7].w", "4 layers.[2-4,6].w"]));
    }

    [Test]
    public void One_of_a_kind_keeps_its_name() =>
        Assert.That(Lines("model.layers.61.eh_proj.weight", "a", ""), Is.EqualTo(["1 model.layers.61.eh_proj.weight", "1 a", "1 "]));

    [Test]
    public void What_words_have_in_common_stands_outside_the_braces() =>
        Assert.That(Lines("x.q_a_proj.w", "x.q_b_proj.w", "x.k_proj.w"), Is.EqualTo(["3 x.{q_a,q_b,k}_proj.w"]));

    [Test]
    public void Numbers_with_a_leading_zero_are_words() =>
        Assert.That(Lines("a.01.w", "a.02.w"), Is.EqualTo(["2 a.{01,02}.w"]));

    [Test]
    public void A_product_is_only_said_where_each_combination_is_there() =>
        Assert.That(Lines("a.0.0.w", "a.0.1.w", "a.1.0.w"), Is.EqualTo(["3 a.*.*.w"]));

    [Test]
    public void A_part_that_is_an_asterisk_is_no_number() =>
        Assert.That(Lines("a.*.w", "a.*.v"), Is.EqualTo(["2 a.*.{w,v}"]));

    [Test]
    public void Members_are_those_of_the_names_and_each_is_in_one_group()
    {
        var random = new Random(3);
        string[] names = [.. Enumerable.Range(0, 2000).Select(_ => $"m.{random.Next(20)}.{"abc"[random.Next(3)]}_p.{random.Next(5)}.w{random.Next(9)}").Distinct()];
        var groups = NameGroups.Of(names.Length, k => names[k], k => k % 2);
        Assert.That(groups.SelectMany(group => group.Members).Order(), Is.EqualTo(Enumerable.Range(0, names.Length)));
        Assert.That(groups.All(group => group.Members.Select(k => k % 2).Distinct().Count() == 1));
    }

    [Test]
    public void A_tree_has_layers_as_branches()
    {
        string[] names = ["model.embed.weight", "model.layers.0.norm.weight", "model.layers.0.mlp.up.weight", "model.layers.1.norm.weight", "model.layers.1.mlp.up.weight", "head.weight"];
        var groups = NameGroups.Of(names.Length, k => names[k], k => names[k].Contains("norm", StringComparison.Ordinal));
        Assert.That(
            NameTree.Lines(groups).Select(line => $"{new string(' ', line.Depth)}{line.Name} {line.Group?.Count}".TrimEnd()),
            Is.EqualTo(["model", " embed.weight 1", " layers.*", "  norm.weight 2", "  mlp.up.weight 2", "head.weight 1"]));
    }

    private static IEnumerable<string> Lines(params string[] names) =>
        NameGroups.Of(names).Select(group => $"{group.Count} {group.Pattern}");
}
