using DemEngine.Methods.Definition;

namespace DemEngine.Methods;

/// <summary>The methods there are: every implementation of <see cref="IMergeMethod"/> in this assembly.</summary>
public static class MergeMethods
{
    /// <summary>All methods, by name.</summary>
    public static IReadOnlyList<IMergeMethod> All { get; } =
        [.. typeof(IMergeMethod).Assembly.GetTypes()
            .Where(type => type is { IsAbstract: false } && type.IsAssignableTo(typeof(IMergeMethod)))
            .Select(type => (IMergeMethod)Activator.CreateInstance(type)!)
            .OrderBy(method => method.Name, StringComparer.Ordinal)];

    /// <summary>Finds a method; null if there is none of that name.</summary>
    public static IMergeMethod? Find(string name) => All.FirstOrDefault(method => method.Name == name);
}
