namespace DemEngine.Cli.Grouping;

/// <summary>Tensors that one line stands for.</summary>
/// <param name="Pattern">Their names.</param>
/// <param name="Members">Their positions among all that were grouped, in ascending order.</param>
internal sealed record NameGroup(NamePattern Pattern, IReadOnlyList<int> Members)
{
    /// <summary>Number of tensors, as a product where it is one.</summary>
    public string Count => Pattern.Count(Members.Count);
}
