using DemEngine.Methods.Definition;

namespace DemEngine.Methods;

/// <summary>
/// The merge methods that recipes can name: those that come with the engine, and those that the program registers.
/// </summary>
public static class MergeMethods
{
    private static readonly Lock Gate = new();

    private static volatile IMergeMethod[] _all = ByName(
    [
        new ArceeFusion(),
        new Breadcrumbs(),
        new BreadcrumbsTies(),
        new DareLinear(),
        new DareTies(),
        new Della(),
        new DellaLinear(),
        new Dem(),
        new Karcher(),
        new Linear(),
        new ModelStock(),
        new MultiSlerp(),
        new NearSwap(),
        new NuSlerp(),
        new Passthrough(),
        new Ram(),
        new RamPlusTensorLocal(),
        new Sce(),
        new Slerp(),
        new TaskArithmetic(),
        new Ties(),
    ]);

    /// <summary>All methods, in the order of their names.</summary>
    public static IReadOnlyList<IMergeMethod> All => _all;

    /// <summary>Finds a method.</summary>
    /// <param name="name">The method's name, as <c>merge_method</c> spells it.</param>
    /// <returns>Null if there is none of that name.</returns>
    public static IMergeMethod? Find(string name) => All.FirstOrDefault(method => method.Name == name);

    /// <summary>Makes a method of the program's own known to all recipes that are read from now on. Thread-safe.</summary>
    /// <param name="method">The method. It is used by several threads at once and must have no state.</param>
    /// <exception cref="ArgumentException">
    /// The name is taken, or is not made of lower-case letters, digits and underscores.
    /// </exception>
    public static void Register(IMergeMethod method)
    {
        ArgumentNullException.ThrowIfNull(method);
        if (method.Name.Length == 0 || method.Name.Any(c => !(char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_')))
        {
            throw new ArgumentException(
                $"'{method.Name}' is no name of a method: lower-case letters, digits and underscores", nameof(method));
        }

        lock (Gate)
        {
            if (Find(method.Name) is not null)
                throw new ArgumentException($"there is a method '{method.Name}' already", nameof(method));
            _all = ByName([.. _all, method]);
        }
    }

    // Exchanged as a whole when a method is registered, so that readers need no lock.
    private static IMergeMethod[] ByName(IMergeMethod[] methods) =>
        [.. methods.OrderBy(method => method.Name, StringComparer.Ordinal)];
}
